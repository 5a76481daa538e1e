//! From the parser's events to a tree: anchors expanded within a limit, merge keys resolved, duplicate keys refused.

use crate::diagnostic::{Findings, Position};
use crate::yaml::node::{Content, Entry, Key, Node, Scalar};
use saphyr_parser::{Event, Parser, ScalarStyle, Span, Tag};
use std::collections::HashMap;

/// How deep lists and maps may nest: far deeper than anybody writes, and shallow enough for recursion over a tree.
pub const DEPTH_MAX: usize = 64;

/// How many nodes aliases may add in all, so that a few lines cannot stand for billions of nodes. A long scalar counts for several.
pub const ALIASED_NODES_MAX: usize = 10_000;

/// The tree of the one document in `text`; an empty file is a null. Nothing, where `findings` says why.
pub fn parse(text: &str, findings: &mut Findings) -> Option<Node> {
    let mut reader =
        Reader { findings, open: Vec::new(), root: None, anchors: HashMap::new(), aliased_nodes: 0 };
    for event in Events(Parser::new_from_str(text)) {
        let proceed = match event {
            Ok((event, span)) => reader.take(event, position(span)),
            Err(error) => {
                let at = Position { line: error.marker().line(), column: error.marker().col() + 1 };
                reader.findings.error(at, format!("not YAML: {}", error.info()), None);
                None
            }
        };
        proceed?;
    }
    let start = Position { line: 1, column: 1 };
    Some(
        reader.root.unwrap_or(Node {
            at: start,
            content: Content::Scalar(Scalar { text: String::new(), plain: true }),
        }),
    )
}

/// The parser's events as an iterator.
struct Events<'input>(Parser<'input, saphyr_parser::StrInput<'input>>);

impl<'input> Iterator for Events<'input> {
    type Item = Result<(Event<'input>, Span), saphyr_parser::ScanError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.0.next_event()
    }
}

struct Reader<'a> {
    findings: &'a mut Findings,
    /// The collections around the current place, outermost first.
    open: Vec<Open>,
    root: Option<Node>,
    anchors: HashMap<usize, Node>,
    aliased_nodes: usize,
}

/// A collection whose end has not come yet.
struct Open {
    at: Position,
    anchor: usize,
    content: OpenContent,
}

enum OpenContent {
    List(Vec<Node>),
    Map { entries: Vec<Entry>, merged: Vec<(Position, Node)>, key: Option<Pending> },
}

/// A key whose value has not come yet.
enum Pending {
    Key(Key),
    /// The plain key `<<`, which brings in another map's entries.
    Merge(Position),
    /// A key that the map has already, which has been reported.
    Duplicate,
}

impl Reader<'_> {
    /// Takes one event; nothing, where the file cannot be used and reading on would only confuse.
    fn take(&mut self, event: Event<'_>, at: Position) -> Option<()> {
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let plain = self.check_tag(tag.as_deref(), at, true)? && style == ScalarStyle::Plain;
                let scalar = Scalar { text: text.into_owned(), plain };
                self.add(Node { at, content: Content::Scalar(scalar) }, anchor)
            }
            Event::SequenceStart(anchor, tag) => {
                self.check_tag(tag.as_deref(), at, false)?;
                self.open(Open { at, anchor, content: OpenContent::List(Vec::new()) })
            }
            Event::MappingStart(anchor, tag) => {
                self.check_tag(tag.as_deref(), at, false)?;
                let content = OpenContent::Map { entries: Vec::new(), merged: Vec::new(), key: None };
                self.open(Open { at, anchor, content })
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(),
            Event::Alias(anchor) => self.alias(anchor, at),
            Event::DocumentStart(_) if self.root.is_some() => {
                let hint = "one file holds one document: remove the `---`, or make two files".to_owned();
                self.fail(at, "a second YAML document begins here", Some(hint))
            }
            Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd => Some(()),
        }
    }

    /// Whether a scalar with this tag may be read as something else than text.
    fn check_tag(&mut self, tag: Option<&Tag>, at: Position, scalar: bool) -> Option<bool> {
        match tag {
            None => Some(true),
            Some(tag) if scalar && tag.is_yaml_core_schema() && tag.suffix == "str" => Some(false),
            Some(tag) => {
                let hint = Some("remove the tag; quotes make a value text".to_owned());
                self.fail(at, format!("the tag `{tag}` is not supported"), hint)
            }
        }
    }

    fn open(&mut self, open: Open) -> Option<()> {
        if self.open.len() == DEPTH_MAX {
            return self.fail(open.at, format!("lists and maps nest deeper than {DEPTH_MAX} levels"), None);
        }
        self.open.push(open);
        Some(())
    }

    fn close(&mut self) -> Option<()> {
        let open = self.open.pop()?;
        let content = match open.content {
            OpenContent::List(items) => Content::List(items),
            OpenContent::Map { entries, merged, .. } => Content::Map(self.merge(entries, merged)?),
        };
        self.add(Node { at: open.at, content }, open.anchor)
    }

    fn alias(&mut self, anchor: usize, at: Position) -> Option<()> {
        let Some(node) = self.anchors.get(&anchor).cloned() else {
            return self.fail(at, "an alias stands inside what it stands for", None);
        };
        self.aliased_nodes += size(&node);
        if self.aliased_nodes > ALIASED_NODES_MAX {
            let message = format!("aliases add more than {ALIASED_NODES_MAX} nodes to this file");
            return self.fail(
                at,
                message,
                Some("write the repeated part out, or in fewer places".to_owned()),
            );
        }
        self.add(node, 0)
    }

    /// Puts a finished node where it belongs: into the list or map around it, or at the root.
    fn add(&mut self, node: Node, anchor: usize) -> Option<()> {
        if anchor > 0 {
            self.anchors.insert(anchor, node.clone());
        }
        match self.open.last_mut().map(|open| &mut open.content) {
            None => self.root = Some(node),
            Some(OpenContent::List(items)) => items.push(node),
            Some(OpenContent::Map { entries, merged, key }) => match key.take() {
                Some(Pending::Merge(at)) => merged.push((at, node)),
                Some(Pending::Duplicate) => {}
                Some(Pending::Key(key)) => entries.push(Entry { key, value: node }),
                None => return self.begin_entry(node),
            },
        }
        Some(())
    }

    fn begin_entry(&mut self, node: Node) -> Option<()> {
        let Content::Scalar(scalar) = node.content else {
            return self.fail(node.at, format!("{} cannot be a key", node.kind()), None);
        };
        let Some(OpenContent::Map { entries, key, .. }) = self.open.last_mut().map(|open| &mut open.content)
        else {
            return None;
        };
        let first = entries.iter().find(|entry| entry.key.name == scalar.text).map(|entry| entry.key.at.line);
        *key = Some(match (first, scalar) {
            (Some(line), Scalar { text, .. }) => {
                let message = format!("`{text}` is given twice, first in line {line}");
                self.findings.error(node.at, message, Some("keep one of the two".to_owned()));
                Pending::Duplicate
            }
            (None, Scalar { text, plain: true }) if text == "<<" => Pending::Merge(node.at),
            (None, Scalar { text, .. }) => Pending::Key(Key { at: node.at, name: text }),
        });
        Some(())
    }

    /// The entries of a map with those of its merge keys behind them, where it does not have them itself; earlier merges win.
    fn merge(&mut self, mut entries: Vec<Entry>, merged: Vec<(Position, Node)>) -> Option<Vec<Entry>> {
        for (at, node) in merged {
            let sources = match node.content {
                Content::List(items) => items,
                _ => vec![node],
            };
            for source in sources {
                let Content::Map(more) = source.content else {
                    let message =
                        format!("the merge key `<<` takes a map or a list of maps, not {}", source.kind());
                    return self.fail(at, message, None);
                };
                for entry in more {
                    if entries.iter().all(|known| known.key.name != entry.key.name) {
                        entries.push(entry);
                    }
                }
            }
        }
        Some(entries)
    }

    fn fail<T>(&mut self, at: Position, message: impl Into<String>, hint: Option<String>) -> Option<T> {
        self.findings.error(at, message, hint);
        None
    }
}

fn position(span: Span) -> Position {
    Position { line: span.start.line(), column: span.start.col() + 1 }
}

/// How many bytes of a scalar count as one node: about what a node itself takes.
const BYTES_PER_NODE: usize = 64;

fn size(node: &Node) -> usize {
    match &node.content {
        Content::Scalar(scalar) => 1 + scalar.text.len() / BYTES_PER_NODE,
        Content::List(items) => 1 + items.iter().map(size).sum::<usize>(),
        Content::Map(entries) => 1 + entries.iter().map(|entry| size(&entry.value)).sum::<usize>(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The tree as compact text with the place of every node, or the findings.
    fn shown(text: &str) -> String {
        let mut findings = Findings::new("f.yaml");
        let node = parse(text, &mut findings);
        match findings.conclude(node) {
            Ok(parsed) => show(&parsed.value),
            Err(errors) => errors.to_string(),
        }
    }

    fn show(node: &Node) -> String {
        let content = match &node.content {
            Content::Scalar(scalar) if scalar.plain => scalar.text.clone(),
            Content::Scalar(scalar) => format!("{:?}", scalar.text),
            Content::List(items) => format!("[{}]", items.iter().map(show).collect::<Vec<_>>().join(" ")),
            Content::Map(entries) => {
                let show_entry = |entry: &Entry| {
                    format!(
                        "{}@{}:{}={}",
                        entry.key.name,
                        entry.key.at.line,
                        entry.key.at.column,
                        show(&entry.value)
                    )
                };
                format!("{{{}}}", entries.iter().map(show_entry).collect::<Vec<_>>().join(" "))
            }
        };
        format!("{content}@{}:{}", node.at.line, node.at.column)
    }

    #[test]
    fn every_node_knows_its_place() {
        insta::assert_snapshot!(shown("a:\n  - 1e-3\n  - 'x'\nb: {c: }\n"), @r#"{a@1:1=[1e-3@2:5 "x"@3:5]@2:3 b@4:1={c@4:5=@4:6}@4:4}@1:1"#);
    }

    #[test]
    fn scalars_come_as_written() {
        insta::assert_snapshot!(shown("[+5, 0x1F, \"007\", 'yes', no, !!str 12]"), @r#"[+5@1:2 0x1F@1:6 "007"@1:12 "yes"@1:19 no@1:26 "12"@1:30]@1:1"#);
        insta::assert_snapshot!(shown("- |\n  two\n  lines\n- \"a\\tb\"\n- é🙂\n"), @r#"["two\nlines\n"@2:3 "a\tb"@4:3 é🙂@5:3]@1:1"#);
    }

    #[test]
    fn an_empty_file_is_nothing() {
        for empty in ["", "# only a comment\n", "---\n", "\u{feff}"] {
            assert!(shown(empty).starts_with('@'), "{empty:?}: {}", shown(empty));
        }
    }

    #[test]
    fn aliases_and_merge_keys_are_expanded() {
        insta::assert_snapshot!(shown("base: &b {x: 1, y: 2}\nother:\n  <<: *b\n  y: 3\n"), @"{base@1:1={x@1:11=1@1:14 y@1:17=2@1:20}@1:7 other@2:1={y@4:3=3@4:6 x@1:11=1@1:14}@3:3}@1:1");
    }

    #[test]
    fn what_is_no_single_tree_is_refused() {
        insta::assert_snapshot!(shown("a: 1\na: 2\n"), @"f.yaml:2:1: `a` is given twice, first in line 1");
        insta::assert_snapshot!(shown("a: [1\nb: 2"), @"f.yaml:2:2: not YAML: illegal placement of ':' indicator");
        insta::assert_snapshot!(shown("a: 1\n---\nb: 2\n"), @"f.yaml:2:1: a second YAML document begins here");
        insta::assert_snapshot!(shown("a: !python/object:os.system x"), @"f.yaml:1:4: the tag `!python/object:os.system` is not supported");
        insta::assert_snapshot!(shown("? [1]\n: 2\n"), @"f.yaml:1:3: a list cannot be a key");
        insta::assert_snapshot!(shown("a: &a [*a]"), @"f.yaml:1:8: an alias stands inside what it stands for");
        insta::assert_snapshot!(shown("a: *b"), @"f.yaml:1:4: not YAML: while parsing node, found unknown anchor");
        insta::assert_snapshot!(shown("<<: 3"), @"f.yaml:1:1: the merge key `<<` takes a map or a list of maps, not a single value");
        insta::assert_snapshot!(shown("a:\n\t- b"), @"f.yaml:2:2: not YAML: tabs disallowed within this context (block indentation)");
        insta::assert_snapshot!(shown(&format!("{}{}", "[".repeat(100), "]".repeat(100))), @"f.yaml:1:65: lists and maps nest deeper than 64 levels");
        insta::assert_snapshot!(shown(&"[".repeat(1000)), @"f.yaml:1:256: not YAML: recursion limit exceeded");
    }

    #[test]
    fn a_long_scalar_cannot_be_repeated_without_end() {
        let text = format!("a: &a {}\nb: [*a, *a]\n", "x".repeat(400_000));
        insta::assert_snapshot!(shown(&text), @"f.yaml:2:9: aliases add more than 10000 nodes to this file");
    }

    #[test]
    fn a_few_lines_cannot_stand_for_billions_of_nodes() {
        let mut text = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n".to_owned();
        for level in 1..10 {
            let aliases = vec![format!("*a{}", level - 1); 10].join(",");
            text += &format!("a{level}: &a{level} [{aliases}]\n");
        }
        insta::assert_snapshot!(shown(&text), @"f.yaml:4:38: aliases add more than 10000 nodes to this file");
    }
}
