//! Settings files of many shapes, and what is left of them when a machine comes and goes.

use super::*;

fn keys() -> Vec<(&'static str, Written)> {
    let text = |text: &str| Written::Text(text.to_owned());
    vec![
        ("backend", text("ssh")),
        ("host", text("me@box")),
        ("gpus", Written::List(vec![Written::Word("0".to_owned()), Written::Word("1".to_owned())])),
    ]
}

fn name(text: &str) -> HostName {
    text.parse().unwrap()
}

/// The text with `box` in it, which has to come out as it was when the machine is taken out again, but for `remains`.
fn with_box(text: &str) -> String {
    with_remote(text, "c.yaml", &name("box"), &keys()).unwrap()
}

fn refusal(result: Result<String, EditError>) -> String {
    result.unwrap_err().to_string()
}

#[test]
fn a_file_without_machines_gets_a_block() {
    insta::assert_snapshot!(with_box("project: {name: x}\n\n# the end\n"), @r"
project: {name: x}

# the end

distributed:
  remotes:
    box:
      backend: ssh
      host: me@box
      gpus: [0, 1]
");
    insta::assert_snapshot!(with_box("# only a comment"), @r"
# only a comment

distributed:
  remotes:
    box:
      backend: ssh
      host: me@box
      gpus: [0, 1]
");
    insta::assert_snapshot!(with_box(""), @r"
distributed:
  remotes:
    box:
      backend: ssh
      host: me@box
      gpus: [0, 1]
");
    insta::assert_snapshot!(with_box("local:\n    gpus: 1\n    # visible_gpus: [0]\n"), @r"
local:
    gpus: 1
    # visible_gpus: [0]

distributed:
    remotes:
        box:
            backend: ssh
            host: me@box
            gpus: [0, 1]
");
}

#[test]
fn machines_go_where_the_others_would_be() {
    insta::assert_snapshot!(with_box("distributed:   # several machines\nlocal: {gpus: 1}\n"), @r"
distributed:   # several machines
  remotes:
    box:
      backend: ssh
      host: me@box
      gpus: [0, 1]
local: {gpus: 1}
");
    insta::assert_snapshot!(with_box("distributed:\n    enabled: yes  # for now\n    rsync_excludes:\n    - data\n\n# here\nlocal:\n    gpus: 1\n"), @r"
distributed:
    enabled: yes  # for now
    rsync_excludes:
    - data
    remotes:
        box:
            backend: ssh
            host: me@box
            gpus: [0, 1]

# here
local:
    gpus: 1
");
    insta::assert_snapshot!(with_box("distributed:\n  remotes: {}  # none yet\n  enabled: true\n"), @r"
distributed:
  remotes:  # none yet
    box:
      backend: ssh
      host: me@box
      gpus: [0, 1]
  enabled: true
");
    insta::assert_snapshot!(with_box("distributed:\n  remotes: ~\n  enabled: true\n"), @r"
distributed:
  remotes:
    box:
      backend: ssh
      host: me@box
      gpus: [0, 1]
  enabled: true
");
    insta::assert_snapshot!(with_box("distributed:\n  remotes:\n    # a:\n    #   host: a\nlocal: {}\n"), @r"
distributed:
  remotes:
    # a:
    #   host: a
    box:
      backend: ssh
      host: me@box
      gpus: [0, 1]
local: {}
");
}

#[test]
fn a_machine_stands_behind_the_others() {
    let text = "distributed:\n  remotes:\n    a:\n      host: 'a'   # first\n      # conda_env: x\n\n    # the second\n    \"b\": {host: b}\n    # no more\n  enabled: true\n";
    insta::assert_snapshot!(with_box(text), @r#"
distributed:
  remotes:
    a:
      host: 'a'   # first
      # conda_env: x

    # the second
    "b": {host: b}
    # no more
    box:
      backend: ssh
      host: me@box
      gpus: [0, 1]
  enabled: true
"#);
    insta::assert_snapshot!(with_box("distributed:\n  enabled: true\n  remotes:\n    a:\n      gpus:\n      - 0\n      pre: |\n        x\n\n        # y\nlocal: {}"), @r"
distributed:
  enabled: true
  remotes:
    a:
      gpus:
      - 0
      pre: |
        x

        # y
    box:
      backend: ssh
      host: me@box
      gpus: [0, 1]
local: {}
");
}

#[test]
fn braces_stay_braces() {
    insta::assert_snapshot!(with_box("distributed: {enabled: true}  # so\n"), @"distributed: {enabled: true, remotes: {box: {backend: ssh, host: me@box, gpus: [0, 1]}}}  # so");
    insta::assert_snapshot!(with_box("distributed: {remotes: {a: {host: a},}}\n"), @"distributed: {remotes: {a: {host: a}, box: {backend: ssh, host: me@box, gpus: [0, 1]}}}");
    insta::assert_snapshot!(with_box("distributed: {remotes: , enabled: true}\n"), @"distributed: {remotes: {box: {backend: ssh, host: me@box, gpus: [0, 1]}} , enabled: true}");
    insta::assert_snapshot!(with_box("distributed: {\n  enabled: true,  # x\n  remotes: {\n    a: {host: a} # y\n  }\n}\n"), @r"
distributed: {
  enabled: true,  # x
  remotes: {
    a: {host: a} # y
  , box: {backend: ssh, host: me@box, gpus: [0, 1]}}
}
");
    insta::assert_snapshot!(with_box("{local: {gpus: 1}}\n"), @"{local: {gpus: 1}, distributed: {remotes: {box: {backend: ssh, host: me@box, gpus: [0, 1]}}}}");
    insta::assert_snapshot!(with_box("distributed: {}\n"), @r"
distributed:
  remotes:
    box:
      backend: ssh
      host: me@box
      gpus: [0, 1]
");
}

#[test]
fn line_ends_and_marks_are_kept() {
    assert_eq!(
        with_box("\u{feff}distributed:\r\n  remotes:\r\n    ä: {host: ö}\r\nlocal: {}\r\n"),
        "\u{feff}distributed:\r\n  remotes:\r\n    ä: {host: ö}\r\n    box:\r\n      backend: ssh\r\n      host: me@box\r\n      gpus: [0, 1]\r\nlocal: {}\r\n"
    );
    let text = with_box("distributed:\n  remotes:\n    a:\n      host: a");
    assert!(
        text.starts_with("distributed:\n  remotes:\n    a:\n      host: a\n    box:\n      backend: ssh\n"),
        "{text}"
    );
}

#[test]
fn text_is_quoted_where_it_has_to_be() {
    for text in ["no", "1", "a b", "a: b", "#x", "~", "::1", "é", "'", "a\tb", "007", "*", "-x", "{}"] {
        let keys = [("conda_env", Written::Text(text.to_owned()))];
        let changed = with_remote("", "c.yaml", &name("no"), &keys).unwrap();
        let settings = Settings::parse(&changed, "c.yaml").unwrap().value;
        let (alias, remote) = &settings.distributed.remotes.unwrap()[0];
        assert_eq!((alias.as_str(), remote.conda_env.as_deref()), ("no", Some(text)), "{changed}");
    }
    for text in ["box", "me@node-1.example.org", "~/.hsm/remote", "/scratch/x_1"] {
        let changed =
            with_remote("", "c.yaml", &name("b"), &[("host", Written::Text(text.to_owned()))]).unwrap();
        assert!(changed.contains(&format!("host: {text}\n")), "{changed}");
    }
}

#[test]
fn a_machine_that_came_goes_without_a_trace() {
    for text in [
        "distributed:\n  remotes:\n    a: {host: a}\n\n# b\nlocal: {}\n",
        "distributed:\n  remotes: {a: {host: a}}\n",
        "distributed:\n  remotes:\n    a:\n      host: a\n      # deep\n  # x\n  enabled: no\n",
        "distributed:\r\n  remotes:\r\n    a: {}\r\n",
        "distributed:\n  remotes: {}  # none\n",
        "{distributed: {remotes: {}}}",
    ] {
        assert_eq!(without_remote(&with_box(text), "c.yaml", &name("box")).unwrap(), text);
    }
}

#[test]
fn comments_inside_go_and_all_others_stay() {
    let text = "# top\ndistributed:\n  remotes:  # all of them\n    # the box\n    box:  # under the desk\n      # its name\n      host: b\n# in the middle\n      gpus: [0]\n      # deep\n\n    # the next\n    next: {host: n}\n  # after\nlocal: {}\n";
    insta::assert_snapshot!(without_remote(text, "c.yaml", &name("box")).unwrap(), @r"
# top
distributed:
  remotes:  # all of them
    # the box

    # the next
    next: {host: n}
  # after
local: {}
");
    insta::assert_snapshot!(without_remote("distributed:\n  remotes:  # all\n    box:\n      host: b\n\n  # x\n  enabled: no\n", "c.yaml", &name("box")).unwrap(), @r"
distributed:
  remotes: {}  # all

  # x
  enabled: no
");
    insta::assert_snapshot!(without_remote("distributed: {remotes: {a: {host: a}, box: {host: b}, c: {}}}\n", "c.yaml", &name("box")).unwrap(), @"distributed: {remotes: {a: {host: a}, c: {}}}");
    insta::assert_snapshot!(without_remote("distributed: {remotes: {a: {host: a}, box: {host: b} }}\n", "c.yaml", &name("box")).unwrap(), @"distributed: {remotes: {a: {host: a} }}");
}

#[test]
fn what_cannot_be_changed_alone_is_left_alone() {
    let add = |text: &str| refusal(with_remote(text, "c.yaml", &name("box"), &keys()));
    insta::assert_snapshot!(add("local: {gpus: 1\n"), @"c.yaml:2:1: not YAML: while parsing a flow mapping, did not find expected ',' or '}'");
    insta::assert_snapshot!(add("distributed:\n\tremotes: {}\n"), @"c.yaml:2:2: not YAML: tabs disallowed within this context (block indentation)");
    insta::assert_snapshot!(add("local: {gpus: many}\n"), @"c.yaml:1:15: `gpus` is a number from 0 to 4294967295, and `many` stands here");
    insta::assert_snapshot!(add("distributed: {remotes: {box: {host: b}}}\n"), @"there is a machine `box` already");
    insta::assert_snapshot!(add("x: &d {host: a}\ndistributed: {remotes: *d}\n"), @"c.yaml:1:14: `remotes.host` is a map, and a single value stands here");
    insta::assert_snapshot!(add("local: &x\n  gpus: 1\ndistributed: *x\n"), @"`distributed.remotes` is written in a way that cannot be changed without changing more");
    insta::assert_snapshot!(add("wandb: &x {}\ndistributed:\n  <<: *x\n  remotes: &r\n    a: {}\nother: {remotes: *r}\n"), @"`distributed.remotes` is written in a way that cannot be changed without changing more");
    insta::assert_snapshot!(add("local: {}\n...\n"), @"`distributed.remotes` is written in a way that cannot be changed without changing more");
    let remove = |text: &str| refusal(without_remote(text, "c.yaml", &name("box")));
    insta::assert_snapshot!(remove("distributed: {remotes: {bax: {}}}\n"), @"there is no machine `box`");
    insta::assert_snapshot!(remove("local: [\n"), @"c.yaml:2:1: not YAML: while parsing a node, did not find expected node content");
    insta::assert_snapshot!(remove("base: &b\n  box: {host: b}\ndistributed:\n  remotes:\n    <<: *b\n"), @"`distributed.remotes.box` is written in a way that cannot be changed without changing more");
    insta::assert_snapshot!(remove("distributed:\n  remotes:\n    box: &b {host: b}\n    c: *b\n"), @"`distributed.remotes.box` is written in a way that cannot be changed without changing more");
}

#[test]
fn anchors_elsewhere_do_not_matter() {
    insta::assert_snapshot!(with_box("base: &b {conda_env: ml}\ndistributed:\n  remotes:\n    a:\n      <<: *b\n      host: a\n"), @r"
base: &b {conda_env: ml}
distributed:
  remotes:
    a:
      <<: *b
      host: a
    box:
      backend: ssh
      host: me@box
      gpus: [0, 1]
");
}
