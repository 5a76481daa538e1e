//! Where in a text the maps of a YAML file and their entries stand, for whoever changes the text in one place and leaves the rest as it is.
//!
//! It says nothing of what values mean: that is read from the tree. Aliases are not expanded, and merged entries are not shown.

use super::reader::DEPTH_MAX;
use saphyr_parser::{Event, Parser, ScalarStyle, Span, StrInput};
use std::ops::Range;

/// One node: the bytes from its beginning to its end, and what is in it. The end of a block map is not known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Layout {
    pub(crate) bytes: Range<usize>,
    pub(crate) shape: Shape,
}

/// What a node is, as far as it matters to its surroundings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// A map with an entry a line.
    Block(Vec<Placed>),
    /// A map in braces; `open` is where its `{` is, and the node's last byte is its `}`.
    Flow { open: usize, entries: Vec<Placed> },
    /// Nothing, or a word for it.
    Empty,
    /// Anything else: a scalar, a list, an alias.
    Other,
}

/// An entry of a map.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Placed {
    /// The text of the key.
    pub(crate) name: String,
    /// Where the key is, quotes included.
    pub(crate) key: Range<usize>,
    /// Its value.
    pub(crate) value: Layout,
}

impl Layout {
    /// The entries, and the one called `name` among them.
    pub(crate) fn entry(&self, name: &str) -> Option<&Placed> {
        match &self.shape {
            Shape::Block(entries) | Shape::Flow { entries, .. } => {
                entries.iter().find(|entry| entry.name == name)
            }
            Shape::Empty | Shape::Other => None,
        }
    }
}

/// The layout of the one document in `text`; nothing where it is no YAML, or nests too deep.
pub(crate) fn layout(text: &str) -> Option<Layout> {
    let bytes = text.char_indices().map(|(byte, _)| byte).chain([text.len()]).collect();
    let mut walk = Walk { text, bytes, parser: Parser::new_from_str(text) };
    loop {
        match walk.next()? {
            (Event::StreamStart | Event::DocumentStart(_), _) => {}
            (Event::StreamEnd, at) => return Some(Layout { bytes: at, shape: Shape::Empty }),
            (event, at) => return walk.node(event, at, 0),
        }
    }
}

struct Walk<'a> {
    text: &'a str,
    /// The byte that each character begins at: the parser counts characters.
    bytes: Vec<usize>,
    parser: Parser<'a, StrInput<'a>>,
}

impl<'a> Walk<'a> {
    fn next(&mut self) -> Option<(Event<'a>, Range<usize>)> {
        let (event, span) = self.parser.next_event()?.ok()?;
        Some((event, self.range(span)?))
    }

    fn range(&self, span: Span) -> Option<Range<usize>> {
        Some(*self.bytes.get(span.start.index())?..*self.bytes.get(span.end.index())?)
    }

    fn node(&mut self, event: Event<'a>, at: Range<usize>, depth: usize) -> Option<Layout> {
        if depth > DEPTH_MAX {
            return None;
        }
        match event {
            Event::Scalar(text, style, ..) => {
                let nothing = matches!(text.as_ref(), "" | "~" | "null" | "Null" | "NULL");
                let empty = style == ScalarStyle::Plain && nothing;
                Some(Layout { bytes: at, shape: if empty { Shape::Empty } else { Shape::Other } })
            }
            Event::Alias(_) => Some(Layout { bytes: at, shape: Shape::Other }),
            Event::SequenceStart(..) => self.list(at, depth),
            Event::MappingStart(..) => self.map(at, depth),
            _ => None,
        }
    }

    fn list(&mut self, at: Range<usize>, depth: usize) -> Option<Layout> {
        let in_brackets = self.opening(at.start, '[').is_some();
        loop {
            match self.next()? {
                (Event::SequenceEnd, end) => {
                    let end = if in_brackets { self.after(end.start, ']')? } else { end.start };
                    return Some(Layout { bytes: at.start..end, shape: Shape::Other });
                }
                (event, at) => self.node(event, at, depth + 1)?,
            };
        }
    }

    /// The byte after the `bracket` that ends a list or map whose last item ends at `from`: the parser's own place for it may be before the
    /// white space, comma and comments between the two.
    fn after(&self, mut from: usize, bracket: char) -> Option<usize> {
        loop {
            let rest = self.text.get(from..)?;
            match rest.chars().next()? {
                char if char == bracket => return Some(from + 1),
                '#' => from += rest.find('\n')?,
                char if char == ',' || char.is_whitespace() => from += char.len_utf8(),
                _ => return None,
            }
        }
    }

    /// Where the `bracket` is that a list or map at `from` begins with, behind its anchor or tag, where it has one.
    fn opening(&self, from: usize, bracket: char) -> Option<usize> {
        let mut rest = self.text.get(from..)?;
        while rest.starts_with(['&', '!']) {
            rest = rest.trim_start_matches(|char: char| !char.is_whitespace()).trim_start();
        }
        rest.starts_with(bracket).then(|| self.text.len() - rest.len())
    }

    fn map(&mut self, at: Range<usize>, depth: usize) -> Option<Layout> {
        let open = self.opening(at.start, '{');
        let mut entries = Vec::new();
        loop {
            let (event, place) = self.next()?;
            let name = match event {
                Event::MappingEnd => {
                    let (shape, end) = match open {
                        Some(open) => (Shape::Flow { open, entries }, self.after(place.start, '}')?),
                        None => (Shape::Block(entries), place.start),
                    };
                    return Some(Layout { bytes: at.start..end, shape });
                }
                Event::Scalar(text, ..) => text.into_owned(),
                _ => return None,
            };
            let (event, at) = self.next()?;
            entries.push(Placed { name, key: place, value: self.node(event, at, depth + 1)? });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every entry with the bytes of its key and of its value.
    fn shown(text: &str) -> String {
        fn show(text: &str, layout: &Layout) -> String {
            let (open, entries, close) = match &layout.shape {
                Shape::Block(entries) => ("(", entries, ")"),
                Shape::Flow { entries, .. } => ("{", entries, "}"),
                Shape::Empty => return "nothing".to_owned(),
                Shape::Other => return text[layout.bytes.clone()].to_owned(),
            };
            let entries = entries
                .iter()
                .map(|entry| format!("{}={}", &text[entry.key.clone()], show(text, &entry.value)));
            format!("{open}{}{close}", entries.collect::<Vec<_>>().join(" "))
        }
        layout(text).map_or_else(|| "none".to_owned(), |layout| show(text, &layout))
    }

    #[test]
    fn places_are_those_of_the_text() {
        insta::assert_snapshot!(shown("é: 'ü 🙂'\n\"b\": &x {c: 1, d: [1, 2], e: , f: ~}\ng: \n"), @r#"(é='ü 🙂' "b"={c=1 d=[1, 2] e=nothing f=nothing} g=nothing)"#);
        insta::assert_snapshot!(shown("\u{feff}a:\r\n  b: {}\r\n  c: &q\r\n    d: e\r\nf: *q\r\n"), @"(a=(b={} c=(d=e)) f=*q)");
        insta::assert_snapshot!(shown("# nothing\n"), @"nothing");
        insta::assert_snapshot!(shown("a: [\n"), @"none");
    }

    #[test]
    fn a_map_in_braces_ends_with_its_brace() {
        let text = "a: &x { b: {c: 1} } # }\n";
        let layout = layout(text).unwrap();
        let outer = &layout.entry("a").unwrap().value;
        assert_eq!(&text[outer.bytes.clone()], "&x { b: {c: 1} }");
        assert_eq!(&text[outer.entry("b").unwrap().value.bytes.clone()], "{c: 1}");
        insta::assert_snapshot!(shown("{a: [1, 2 , # ]\n ], b: {c: {} , } }"), @r"
{a=[1, 2 , # ]
 ] b={c={}}}
");
    }
}
