//! What `qstat -f` prints about jobs, as JSON or as text, as one kind of record.

use serde_json::Value;
use std::collections::BTreeMap;

/// A job, an array or a subjob: its id and its attributes; what is inside of one is under `OUTER.INNER`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Record {
    /// `12.pbs1`, `12[].pbs1` or `12[3].pbs1`.
    pub id: String,
    attributes: BTreeMap<String, String>,
}

impl Record {
    /// An attribute by its name.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.attributes.get(name).map(String::as_str)
    }

    /// The subjob's number, of a subjob.
    pub(super) fn index(&self) -> Option<u32> {
        let (_, rest) = self.id.split_once('[')?;
        rest.split_once(']')?.0.parse().ok()
    }

    /// The id of the array that this is a subjob of; the id itself otherwise.
    pub(super) fn whole(&self) -> String {
        match (self.id.split_once('['), self.id.split_once(']')) {
            (Some((number, _)), Some((_, server))) => format!("{number}[]{server}"),
            _ => self.id.clone(),
        }
    }
}

/// The records of `qstat -f -F json`. `None` where the text is no such JSON, as of a `qstat` that has never heard of it; some releases
/// also print names and variables that make it none.
pub(super) fn of_json(text: &str) -> Option<Vec<Record>> {
    let start = text.find('{')?;
    let whole: Value = serde_json::from_str(text.get(start..)?.trim_end()).ok()?;
    // Without jobs there is no such key at all.
    let Some(jobs) = whole.get("Jobs") else { return whole.get("pbs_version").map(|_| vec![]) };
    let record = |(id, job): (&String, &Value)| {
        let mut attributes = BTreeMap::new();
        for (name, value) in job.as_object()? {
            match value {
                // Text has these as `Resource_List.ncpus` at once.
                Value::Object(inner) => attributes.extend(
                    inner.iter().filter_map(|(key, value)| Some((format!("{name}.{key}"), plain(value)?))),
                ),
                value => attributes.extend(plain(value).map(|text| (name.clone(), text))),
            }
        }
        Some(Record { id: id.clone(), attributes })
    };
    Some(jobs.as_object()?.iter().filter_map(record).collect())
}

fn plain(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        _ => None,
    }
}

/// The records of `qstat -f`: a line with the id, a line an attribute, and lines with a tab that go on with the one before.
pub(super) fn of_text(text: &str) -> Vec<Record> {
    let mut records: Vec<Record> = vec![];
    let mut attribute = String::new();
    for line in text.lines() {
        if let Some(id) = line.strip_prefix("Job Id:") {
            records.push(Record { id: id.trim().to_owned(), attributes: BTreeMap::new() });
            attribute.clear();
        } else if let Some(record) = records.last_mut() {
            if let Some(rest) = line.strip_prefix('\t') {
                if let Some(value) = record.attributes.get_mut(&attribute) {
                    value.push_str(rest.trim_end());
                }
            } else if let Some((name, value)) = line.split_once(" = ") {
                attribute = name.trim().to_owned();
                record.attributes.insert(attribute.clone(), value.trim_end().to_owned());
            }
        }
    }
    records
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_and_text_give_the_same_record() {
        let json = "qstat: warning\n{\n\t\"timestamp\":\t1795354647,\n\t\"pbs_version\":\t\"23.06.06\",\n\t\"Jobs\":\t{\n\t\t\"12[3].pbs1\":\t{\n\t\t\t\"Job_Name\":\t\"arr\",\n\t\t\t\"job_state\":\t\"F\",\n\t\t\t\"Resource_List\":\t{\n\t\t\t\t\"ncpus\":\t1\n\t\t\t},\n\t\t\t\"Exit_status\":\t3\n\t\t}\n\t}\n}\n";
        let text = "Job Id: 12[3].pbs1\n    Job_Name = a\n\trr\n    job_state = F\n    Resource_List.ncpus = 1\n    Exit_status = 3\n\n";
        let records = of_json(json).unwrap();
        assert_eq!(records, of_text(text));
        let record = &records[0];
        assert_eq!(
            (record.index(), record.whole().as_str(), record.get("Exit_status")),
            (Some(3), "12[].pbs1", Some("3"))
        );
        let array = &of_text("Job Id: 12[].pbs1\n    array = True\n")[0];
        assert_eq!((array.index(), array.whole().as_str()), (None, "12[].pbs1"));
        let single = &of_text("Job Id: 7.pbs1\n")[0];
        assert_eq!((single.index(), single.whole().as_str()), (None, "7.pbs1"));
    }

    #[test]
    fn no_jobs_are_not_the_same_as_no_json() {
        assert_eq!(
            of_json("{\"timestamp\":1,\"pbs_version\":\"23.06.06\",\"pbs_server\":\"pbs1\"}"),
            Some(vec![])
        );
        for text in ["", "Job Id: 1.a\n", "{\"Jobs\":{\"1.a\":{\"x\":01}}}", "{\"Jobs\":", "{}"] {
            assert_eq!(of_json(text), None, "{text}");
        }
    }
}
