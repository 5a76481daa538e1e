//! What becomes of a journal whose files were torn, damaged, written by somebody who had lost the lease, or come from the future.

use super::*;
use hsm_core::campaign::Durability;
use hsm_core::journal::{Ending, Record};
use std::fs::{self, File};
use std::io::Write as _;

fn record(task: u64) -> Record {
    Record::Ended { task, attempt: 1, at_ms: 5, ending: Ending::Exited(0) }
}

fn write(folder: &Path, generation: u64, tasks: &[u64]) -> JournalWriter {
    let mut reader = JournalReader::new(folder);
    reader.read(|_| {}).unwrap();
    let mut writer = JournalWriter::open(folder, "s", generation, &reader).unwrap();
    let records: Vec<Record> = tasks.iter().map(|task| record(*task)).collect();
    writer.append(&records, Durability::Written).unwrap();
    writer
}

fn tasks_read(reader: &mut JournalReader) -> Vec<u64> {
    let mut tasks = Vec::new();
    reader
        .read(|record| {
            if let Record::Ended { task, .. } = record {
                tasks.push(task);
            }
        })
        .unwrap();
    tasks
}

#[test]
fn segments_follow_one_another_and_reading_goes_on_where_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let mut reader = JournalReader::new(folder.path());
    assert_eq!(tasks_read(&mut reader), [0u64; 0]);
    let mut first = write(folder.path(), 1, &[1, 2]);
    assert_eq!(tasks_read(&mut reader), [1, 2]);
    first.append(&[record(3)], Durability::Synced).unwrap();
    write(folder.path(), 2, &[4]);
    assert_eq!(tasks_read(&mut reader), [3, 4]);
    assert_eq!(tasks_read(&mut reader), [0u64; 0]);
}

#[test]
fn a_stale_writer_is_ignored_past_where_its_successor_took_over() {
    let folder = tempfile::tempdir().unwrap();
    let mut stale = write(folder.path(), 1, &[1]);
    write(folder.path(), 2, &[2]);
    stale.append(&[record(99)], Durability::Written).unwrap();
    assert_eq!(tasks_read(&mut JournalReader::new(folder.path())), [1, 2]);
}

#[test]
fn a_torn_last_line_is_cut_and_its_successor_reads_on() {
    let folder = tempfile::tempdir().unwrap();
    let writer = write(folder.path(), 1, &[1, 2]);
    let mut file = File::options().append(true).open(writer.path()).unwrap();
    file.write_all(b"{\"t\":\"ended\",\"g\":1,\"ta").unwrap();
    let mut reader = JournalReader::new(folder.path());
    assert_eq!(tasks_read(&mut reader), [1, 2]);
    assert!(reader.damage().is_empty());
    write(folder.path(), 2, &[3]);
    assert_eq!(tasks_read(&mut JournalReader::new(folder.path())), [1, 2, 3]);
}

#[test]
fn a_flipped_byte_costs_that_line_and_says_where() {
    let folder = tempfile::tempdir().unwrap();
    let path = write(folder.path(), 1, &[1, 2, 3]).path().to_owned();
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replacen("\"task\":2", "\"task\":7", 1)).unwrap();
    let mut reader = JournalReader::new(folder.path());
    assert_eq!(tasks_read(&mut reader), [1, 3]);
    assert!(reader.damage()[0].contains("line 3: the checksum does not match"), "{:?}", reader.damage());
}

#[test]
fn a_newer_format_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let body = r#"{"format":9,"sweep":"s","generation":1,"host":"h","pid":1,"at_ms":1"#;
    let line = format!("{body},\"crc\":\"{:08x}\"}}\n", crc32fast::hash(body.as_bytes()));
    fs::write(segment_path(folder.path(), 1), line).unwrap();
    let error = JournalReader::new(folder.path()).read(|_| {}).unwrap_err();
    assert!(error.to_string().contains("journal format 9"), "{error}");
}

#[test]
fn a_driver_that_died_before_its_header_leaves_a_number_that_is_skipped() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), 1, &[1]);
    fs::write(segment_path(folder.path(), 2), "").unwrap();
    let third = write(folder.path(), 2, &[2]);
    assert!(third.path().ends_with("000003.jsonl"));
    assert_eq!(tasks_read(&mut JournalReader::new(folder.path())), [1, 2]);
}
