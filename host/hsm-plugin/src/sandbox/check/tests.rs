//! Answers that break the contract, and what is said about them.

use super::*;
use hsm_core::table::Column;

fn column(name: &str, cells: Vec<i64>, absent: Vec<u32>) -> Column {
    Column { name: name.to_owned(), cells: Cells::Integers(cells), absent }
}

fn table(rows: u32, columns: Vec<Column>) -> Table {
    Table { rows, columns }
}

#[test]
fn batches_of_points() {
    let json =
        |cell: &str| Column { name: "j".into(), cells: Cells::Json(vec![cell.into()]), absent: vec![] };
    let cases = [
        (table(2, vec![column("a", vec![1, 2], vec![1])]), Ok(())),
        (table(0, vec![]), Ok(())),
        (table(1, vec![json("{\"a\": [1, 18446744073709551616]}")]), Ok(())),
        (table(1, vec![json("NaN")]), Err("row 0 of the column `j` is not JSON")),
        (table(1, vec![json("1 2")]), Err("row 0 of the column `j` is not JSON")),
        (
            table(3, vec![column("a", vec![1; 3], vec![])]),
            Err("3 points came where at most 2 were asked for"),
        ),
        (table(1, vec![]), Err("its points have no parameters")),
        (
            table(2, vec![column("a", vec![1], vec![])]),
            Err("the column `a` has 1 cells in a table of 2 rows"),
        ),
        (
            table(0, vec![column("a", vec![1], vec![])]),
            Err("the column `a` has 1 cells in a table of 0 rows"),
        ),
        (table(1, vec![column("", vec![1], vec![])]), Err("a column has no name")),
        (
            table(1, vec![column("a", vec![1], vec![]), column("a", vec![1], vec![])]),
            Err("two columns are called `a`"),
        ),
        (table(2, vec![column("a", vec![1, 2], vec![1, 1])]), Err("the absent rows of `a` do not ascend")),
        (table(2, vec![column("a", vec![1, 2], vec![1, 0])]), Err("the absent rows of `a` do not ascend")),
        (
            table(1, vec![column("a", vec![1], vec![1])]),
            Err("`a` is absent in a row that the table does not have"),
        ),
    ];
    for (table, expected) in cases {
        let expected = expected.map_err(|problem: &str| Unusable::Broken(problem.to_owned()));
        assert_eq!(points(&table, 2, &Limits::default(), &mut None), expected, "{table:?}");
    }
}

#[test]
fn columns_stay_what_they_were() {
    let mut schema = None;
    let first = table(1, vec![column("a", vec![1], vec![])]);
    points(&first, 1, &Limits::default(), &mut schema).unwrap();
    points(&first, 1, &Limits::default(), &mut schema).unwrap();
    points(&Table::default(), 1, &Limits::default(), &mut schema).unwrap();
    let numbers = Column { name: "a".into(), cells: Cells::Numbers(vec![1.0]), absent: vec![] };
    for other in [table(1, vec![column("b", vec![1], vec![])]), table(1, vec![numbers])] {
        let problem = points(&other, 1, &Limits::default(), &mut schema).unwrap_err();
        assert_eq!(problem, "its columns changed from one batch of points to the next".to_owned().into());
    }
}

#[test]
fn names_of_artifacts() {
    let named = |name: &str| Artifact {
        name: name.to_owned(),
        media_type: "text/plain".to_owned(),
        body: ArtifactBody::Bytes(vec![]),
    };
    let limits = Limits::default();
    for name in ["best.csv", "a b", "é.md", "x"] {
        assert_eq!(super::artifacts(&[named(name)], &limits), Ok(()), "{name}");
    }
    for name in
        ["", "../../x", "/tmp/x", "a/b", "a\\b", ".", "..", ".hidden", "a\u{1b}", "a\n", &"x".repeat(256)]
    {
        super::artifacts(&[named(name)], &limits).unwrap_err();
    }
    super::artifacts(&[named("a.md"), named("A.md")], &limits).unwrap_err();
    let unnamed_type = Artifact { media_type: String::new(), ..named("x") };
    super::artifacts(&[unnamed_type], &limits).unwrap_err();
}

#[test]
fn number_and_size_of_artifacts() {
    let mut limits = Limits::default();
    for flag in ["artifacts=2", "artifacts_mib=1", "table_cells=3"] {
        limits.set_flag(flag).unwrap();
    }
    let sized = |name: &str, bytes: usize| Artifact {
        name: name.to_owned(),
        media_type: "text/plain".to_owned(),
        body: ArtifactBody::Bytes(vec![0; bytes]),
    };
    assert_eq!(super::artifacts(&[sized("a", 1 << 19), sized("b", 1 << 19)], &limits), Ok(()));
    let many = super::artifacts(&[sized("a", 0), sized("b", 0), sized("c", 0)], &limits).unwrap_err();
    assert_eq!(many, Unusable::Over(Limit::Artifacts, "3 artifacts came, and 2 are allowed".to_owned()));
    let large = super::artifacts(&[sized("a", 1 << 20), sized("b", 1)], &limits).unwrap_err();
    let problem = "its artifacts are larger than 1 MiB together".to_owned();
    assert_eq!(large, Unusable::Over(Limit::ArtifactsMib, problem));
    let body = ArtifactBody::Table(table(4, vec![column("a", vec![1; 4], vec![])]));
    let wide = super::artifacts(&[Artifact { body, ..sized("t", 0) }], &limits).unwrap_err();
    let problem = "the artifact `t` has 4 cells, and 3 are allowed".to_owned();
    assert_eq!(wide, Unusable::Over(Limit::TableCells, problem));
}
