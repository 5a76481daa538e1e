//! One shell over there, and the frames in which it answers. What login shells print before the first frame, and what anything that was
//! left running prints between two, is dropped.

use crate::process::{Dialogue, Silence};
use memchr::memmem;
use std::time::{Duration, Instant};

/// What the shell is told first.
const FAR_SIDE: &str = include_str!("far.sh");
/// The most of a command's output that is kept.
const OUTPUT_LIMIT_BYTES: usize = 64 << 20;

/// A shell that answers.
#[derive(Debug)]
pub(crate) struct Session {
    dialogue: Dialogue,
    nonce: String,
    number: u64,
}

/// What came of a request.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Reply {
    /// What the function wrote, byte for byte.
    pub(crate) output: Vec<u8>,
    /// Whether some of that was too much to keep.
    pub(crate) truncated: bool,
    /// What it complained about.
    pub(crate) complaint: String,
    /// Remarks of the far side about how it ended.
    pub(crate) remarks: Vec<String>,
    /// What is new in the watched folders.
    pub(crate) news: Vec<u8>,
    /// Its exit code.
    pub(crate) code: i32,
}

/// Why there is no reply.
#[derive(Debug)]
pub(crate) enum Lost {
    /// Its time was up.
    TimedOut,
    /// The session has ended; ssh's complaint.
    Ended(String),
}

impl Session {
    /// Opens a shell with `argv`, and waits for its first answer: the version of its bash.
    pub(crate) fn open(argv: &[String], limit: Duration) -> Result<(Self, String), Lost> {
        let nonce = nonce().map_err(|error| Lost::Ended(error.to_string()))?;
        let dialogue = Dialogue::start(argv).map_err(|error| Lost::Ended(error.to_string()))?;
        let first = format!("{FAR_SIDE}\nhsm_nonce={nonce}\n");
        let mut session = Self { dialogue, nonce, number: 0 };
        let request = Request { before: &first, call: "hsm_greet", bytes: &[] };
        match session.ask(&request, limit) {
            Ok(reply) => Ok((session, String::from_utf8_lossy(&reply.output).trim().to_owned())),
            Err(Silence::TimedOut) => Err(Lost::TimedOut),
            Err(_) => Err(Lost::Ended(session.dialogue.end())),
        }
    }

    /// Whether it still stands, as far as this machine knows.
    pub(crate) fn is_open(&mut self) -> bool {
        self.dialogue.is_listening()
    }

    /// Asks, and waits for the whole reply.
    pub(crate) fn ask(&mut self, request: &Request<'_>, limit: Duration) -> Result<Reply, Silence> {
        self.number += 1;
        let mut text = request.before.as_bytes().to_vec();
        text.extend_from_slice(format!("hsm_answer {} {}\n", self.number, request.call).as_bytes());
        text.extend_from_slice(request.bytes);
        let mut frames = Frames::new(&self.nonce, self.number, OUTPUT_LIMIT_BYTES);
        self.dialogue.talk(&text, Instant::now() + limit, |heard| frames.hear(heard))?;
        frames.reply().ok_or(Silence::Ended)
    }

    /// Ends it, and says what ssh complained about.
    pub(crate) fn end(self) -> String {
        self.dialogue.end()
    }
}

/// What is asked: words for the shell, and bytes that the function takes from its input.
#[derive(Debug)]
pub(crate) struct Request<'a> {
    /// Lines to run first, in the shell itself.
    pub(crate) before: &'a str,
    /// A function and its arguments, quoted.
    pub(crate) call: &'a str,
    /// What the function takes besides.
    pub(crate) bytes: &'a [u8],
}

/// A word that nobody can guess.
pub(crate) fn nonce() -> std::io::Result<String> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|error| std::io::Error::other(error.to_string()))?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// The parts of a reply, in order; each ends where the next begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Noise,
    Output,
    Complaint,
    News,
    End,
    Done,
}

/// Takes a reply apart while it comes in.
#[derive(Debug)]
struct Frames {
    markers: [Vec<u8>; 4],
    end: Vec<u8>,
    remark: String,
    part: Part,
    heard: Vec<u8>,
    /// Where the next marker may begin.
    searched: usize,
    output_max: usize,
    reply: Reply,
}

impl Frames {
    fn new(nonce: &str, number: u64, output_max: usize) -> Self {
        let marker = |word: &str| format!("\n{nonce} {number} {word}\n").into_bytes();
        Self {
            markers: [marker("begin"), marker("said"), marker("news"), Vec::new()],
            end: format!("\n{nonce} {number} end ").into_bytes(),
            remark: format!("{nonce} remark "),
            part: Part::Noise,
            heard: Vec::new(),
            searched: 0,
            output_max,
            reply: Reply::default(),
        }
    }

    /// Takes in what was heard; whether the reply is whole.
    fn hear(&mut self, bytes: &[u8]) -> bool {
        self.heard.extend_from_slice(bytes);
        while self.part != Part::Done && self.step() {}
        self.part == Part::Done
    }

    fn step(&mut self) -> bool {
        let marker = match self.part {
            Part::Noise => &self.markers[0],
            Part::Output => &self.markers[1],
            Part::Complaint => &self.markers[2],
            Part::News => &self.end,
            Part::End => &b"\n".to_vec(),
            Part::Done => return false,
        };
        let length = marker.len();
        let Some(at) = memmem::find(&self.heard[self.searched..], marker) else {
            self.searched = self.heard.len().saturating_sub(length - 1);
            self.let_go();
            return false;
        };
        let rest = self.heard.split_off(self.searched + at + length);
        let mut body = std::mem::replace(&mut self.heard, rest);
        body.truncate(self.searched + at);
        self.searched = 0;
        self.take(body);
        true
    }

    /// Of noise nothing is kept, and of output only so much.
    fn let_go(&mut self) {
        let kept = match self.part {
            Part::Noise => 0,
            Part::Output => self.output_max,
            _ => return,
        };
        if self.searched > kept {
            self.heard.drain(kept..self.searched);
            self.searched = kept;
            self.reply.truncated |= self.part == Part::Output;
        }
    }

    fn take(&mut self, mut body: Vec<u8>) {
        self.part = match self.part {
            Part::Noise => Part::Output,
            Part::Output => {
                if body.len() > self.output_max {
                    body.truncate(self.output_max);
                    self.reply.truncated = true;
                }
                self.reply.output = body;
                Part::Complaint
            }
            Part::Complaint => {
                self.complaint(&String::from_utf8_lossy(&body));
                Part::News
            }
            Part::News => {
                self.reply.news = body;
                Part::End
            }
            Part::End => {
                self.reply.code = String::from_utf8_lossy(&body).trim().parse().unwrap_or(-1);
                Part::Done
            }
            Part::Done => Part::Done,
        };
    }

    fn complaint(&mut self, text: &str) {
        let (remarks, said): (Vec<&str>, Vec<&str>) =
            text.lines().partition(|line| line.starts_with(&self.remark));
        self.reply.remarks =
            remarks.iter().filter_map(|line| line.strip_prefix(&self.remark)).map(str::to_owned).collect();
        self.reply.complaint = said.join("\n").trim_end().to_owned();
    }

    fn reply(self) -> Option<Reply> {
        (self.part == Part::Done).then_some(self.reply)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn frame(output: &[u8], complaint: &str, news: &[u8], code: i32) -> Vec<u8> {
        let mut text = b"\nabc 7 begin\n".to_vec();
        text.extend_from_slice(output);
        text.extend_from_slice(format!("\nabc 7 said\n{complaint}\nabc 7 news\n").as_bytes());
        text.extend_from_slice(news);
        text.extend_from_slice(format!("\nabc 7 end {code}\n").as_bytes());
        text
    }

    fn heard(pieces: &[&[u8]], output_max: usize) -> Option<Reply> {
        let mut frames = Frames::new("abc", 7, output_max);
        let mut whole = false;
        for piece in pieces {
            whole = frames.hear(piece);
        }
        assert_eq!(whole, frames.part == Part::Done);
        frames.reply()
    }

    proptest! {
        /// However a reply is cut into pieces, it is the same.
        #[test]
        fn a_reply_comes_in_any_pieces(
            noise in proptest::collection::vec(any::<u8>(), 0..40),
            output in proptest::collection::vec(prop_oneof![Just(b'\n'), Just(0u8), any::<u8>()], 0..80),
            news in proptest::collection::vec(any::<u8>(), 0..40),
            size in 1usize..20,
            code in 0..256,
        ) {
            let mut text = noise;
            text.extend_from_slice(&frame(&output, "no\n\nabc remark timed-out", &news, code));
            let pieces: Vec<&[u8]> = text.chunks(size).collect();
            let reply = heard(&pieces, 1000).unwrap();
            prop_assert_eq!(reply, Reply {
                output, news, code,
                complaint: "no".into(),
                remarks: vec!["timed-out".into()],
                truncated: false,
            });
        }
    }

    #[test]
    fn a_reply_that_is_cut_is_none() {
        let text = frame(b"out", "", b"", 0);
        for cut in 0..text.len() {
            assert_eq!(heard(&[&text[..cut]], 1000), None, "cut at {cut}");
        }
    }

    #[test]
    fn too_much_output_is_cut_and_the_rest_understood() {
        let text = frame(&[b'x'; 500], "", b"n", 3);
        let pieces: Vec<&[u8]> = text.chunks(9).collect();
        for pieces in [&pieces[..], &[&text[..]]] {
            let reply = heard(pieces, 100).unwrap();
            assert_eq!((reply.output, reply.truncated), (vec![b'x'; 100], true));
            assert_eq!((reply.news, reply.code), (b"n".to_vec(), 3));
        }
    }
}
