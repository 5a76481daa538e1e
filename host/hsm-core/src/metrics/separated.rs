//! CSV files of metrics: the header names them, the last row has the values.

use super::{METRICS_MAX, Metric, Metrics, Position, Problem, Reading, Tail, Unusable, VALUE_MAX_BYTES};
use csv_core::{ReadRecordResult, Reader};

/// The metrics in the last row of a CSV file. `head` is the beginning of the file, at least its first line; where `tail` is the whole
/// file, `head` is not looked at. A last row that was cut short is passed over for the one before it, and a note says so.
///
/// # Errors
/// [`Unusable`] when there is no header, no row, or a row that does not fit the header.
pub fn parse_csv(file: &str, head: &[u8], tail: Tail<'_>) -> Result<Reading, Unusable> {
    let unusable = |position, problem| Unusable::new(file, position, problem);
    let mut header = Record::default();
    let (mut last, mut before) = (None, None);
    if tail.offset == 0 {
        let mut records = Records::new(tail.bytes);
        header = records.next().ok_or_else(|| unusable(Position::Whole, Problem::Empty))?;
        for record in records {
            before = last.replace(record);
        }
    } else {
        header = Records::new(head).next().unwrap_or(header);
        let whole_lines =
            tail.bytes.iter().position(|byte| *byte == b'\n').map_or(tail.bytes.len(), |at| at + 1);
        for record in Records::new(&tail.bytes[whole_lines..]) {
            before = last.replace(record);
        }
    }
    let Some(mut row) = last else {
        let problem = if tail.offset == 0 { Problem::NoRow } else { Problem::LongLine(tail.bytes.len()) };
        return Err(unusable(Position::Whole, problem));
    };
    let mut note = None;
    if row.fields.len() != header.fields.len() {
        let problem = Problem::Fields { row: row.fields.len(), header: header.fields.len() };
        let error = unusable(Position::Whole, problem);
        let torn = !tail.bytes.ends_with(b"\n") && row.fields.len() < header.fields.len();
        match before.filter(|before| torn && before.fields.len() == header.fields.len()) {
            Some(before) => row = before,
            None => return Err(error),
        }
        note = Some(format!("{error}; the values are of the row before"));
    }
    values(header, row, note).map_err(|problem| unusable(Position::Whole, problem))
}

fn values(header: Record, row: Record, mut note: Option<String>) -> Result<Reading, Problem> {
    let mut metrics = Metrics::default();
    for (name, cell) in header.fields.into_iter().zip(row.fields) {
        // An index column, as data frames write it, has no name.
        if name.is_empty() {
            continue;
        }
        if metrics.len() == METRICS_MAX {
            return Err(Problem::TooMany);
        }
        if cell.len() > VALUE_MAX_BYTES {
            note.get_or_insert_with(|| format!("`{name}` left out: longer than {VALUE_MAX_BYTES} bytes"));
            continue;
        }
        metrics.insert(name, Metric::of_text(&cell));
    }
    if metrics.is_empty() { Err(Problem::NoMetric) } else { Ok(Reading { metrics, note }) }
}

#[derive(Default)]
struct Record {
    fields: Vec<String>,
}

/// The records of a text, without the blank lines.
struct Records<'a> {
    reader: Reader,
    rest: &'a [u8],
    fields: Vec<u8>,
    ends: Vec<usize>,
}

impl<'a> Records<'a> {
    fn new(text: &'a [u8]) -> Self {
        let text = text.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(text);
        Self { reader: Reader::new(), rest: text, fields: vec![0; 4096], ends: vec![0; 64] }
    }
}

impl Iterator for Records<'_> {
    type Item = Record;

    fn next(&mut self) -> Option<Record> {
        let (mut written, mut ended) = (0, 0);
        loop {
            let (result, read, wrote, ends) =
                self.reader.read_record(self.rest, &mut self.fields[written..], &mut self.ends[ended..]);
            self.rest = &self.rest[read..];
            written += wrote;
            ended += ends;
            match result {
                // An empty input afterwards tells the reader that nothing more comes.
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::OutputFull => self.fields.resize(self.fields.len() * 2, 0),
                ReadRecordResult::OutputEndsFull => self.ends.resize(self.ends.len() * 2, 0),
                ReadRecordResult::End => return None,
                ReadRecordResult::Record => break,
            }
        }
        let starts = std::iter::once(0).chain(self.ends[..ended].iter().copied());
        let fields = starts
            .zip(&self.ends[..ended])
            .map(|(start, end)| String::from_utf8_lossy(&self.fields[start..*end]).trim().to_owned())
            .collect();
        Some(Record { fields })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(head: &str, tail: &str, offset: u64, expected: &str) {
        let said = match parse_csv("log.csv", head.as_bytes(), Tail { bytes: tail.as_bytes(), offset }) {
            Ok(reading) => reading
                .metrics
                .iter()
                .map(|(name, value)| format!("{name}={value:?}"))
                .chain(reading.note)
                .collect::<Vec<_>>()
                .join(" "),
            Err(error) => error.to_string(),
        };
        assert_eq!(said, expected, "{tail:?}");
    }

    #[test]
    fn the_last_row_counts() {
        check("", "epoch,loss\n1,0.5\n2,nan\n", 0, "epoch=Integer(2) loss=Number(NaN)");
        check(
            "",
            "epoch,loss,note\r\n1,0.5,\"a, \"\"b\"\"\nc\"\r\n",
            0,
            r#"epoch=Integer(1) loss=Number(0.5) note=Text("a, \"b\"\nc")"#,
        );
        check("", "epoch,train,test\n1,0.5,\n1,,0.7", 0, "epoch=Integer(1) train=Null test=Number(0.7)");
        check("", ",loss\n0,0.5\n\n", 0, "loss=Number(0.5)");
        check("epoch,loss\n1,0.5\n", "0,0.5\n41,0.25\n", 80_000, "epoch=Integer(41) loss=Number(0.25)");
    }

    #[test]
    fn what_cannot_be_used_says_why() {
        check("", "", 0, "log.csv: the file is empty");
        check("", "epoch,loss\n", 0, "log.csv: has a header and no row");
        check("", "a,b\n1,2\n1,2,3\n", 0, "log.csv: the header names 2 columns and the last row has 3");
        check("", "a,b\n1\n", 0, "log.csv: the header names 2 columns and the last row has 1");
        check("a,b\n", "no line at all", 80_000, "log.csv: no whole line in the last 14 bytes");
    }

    #[test]
    fn a_torn_last_row_gives_the_one_before_and_says_so() {
        check(
            "",
            "a,b\n1,2\n3",
            0,
            "a=Integer(1) b=Integer(2) log.csv: the header names 2 columns and the last row has 1; \
             the values are of the row before",
        );
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), offset in 0u64..2) {
            let _ = parse_csv("log.csv", &bytes, Tail { bytes: &bytes, offset });
        }

        #[test]
        fn wide_tables_are_read_whole(row in proptest::collection::vec(any::<i64>(), 1..200)) {
            let header: Vec<_> = (0..row.len()).map(|i| format!("column_{i}")).collect();
            let cells: Vec<_> = row.iter().map(ToString::to_string).collect();
            let text = format!("{}\n{}\n", header.join(","), cells.join(","));
            let reading = parse_csv("log.csv", b"", Tail { bytes: text.as_bytes(), offset: 0 }).unwrap();
            for (name, value) in header.iter().zip(row) {
                prop_assert_eq!(reading.metrics.get(name), Some(&Metric::Integer(value)));
            }
        }
    }
}
