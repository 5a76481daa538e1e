//! Counts a filtered product, and finds the combination at an index, without listing it.
//!
//! The product is walked factor by factor. What the rows chosen so far mean for the rest is a *state*: which filters still match, and
//! whether an `include` has matched already. Rows that the filters do not tell apart lead to the same state, so the states of all levels
//! form a small decision diagram; counts run up through it from the last factor, and an index finds its way down by them. Without
//! filters there is one state a level, and this is plain division with remainder.

use crate::render::plain;
use crate::sweep::factor::{Factor, PartialPoint};
use std::collections::HashMap;

/// How large the diagram may get, in entries of 16 bytes: 64 MiB.
const ENTRIES_MAX: usize = 4 << 20;

/// What a state takes beside its rows and classes, in entries.
const ENTRIES_PER_STATE: usize = 16;

/// How many words of filters may be combined on the way: about a second.
const WORDS_MAX: usize = 500_000_000;

/// A space that cannot be counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TooIntricate {
    /// The product has 2¹²⁸ points or more.
    #[error("the sweep has 2^128 points or more")]
    TooMany,
    /// The filters cut the product into too many pieces.
    #[error("`exclude` and `include` cut the sweep into too many pieces to count")]
    TooManyPieces,
}

/// The decision diagram of a filtered product.
#[derive(Debug)]
pub(super) struct Diagram {
    levels: Vec<Level>,
    count: u128,
}

/// One factor's part of the diagram.
#[derive(Debug)]
struct Level {
    /// Which rows the filters do not tell apart: one class a row.
    class_of_row: Vec<usize>,
    states: Vec<State>,
}

/// One state at one level.
#[derive(Debug)]
struct State {
    /// The state of the next level by class of row; nothing where all points beyond are dropped.
    next: Vec<Option<usize>>,
    count: u128,
    /// How many points each row has, where all have equally many.
    each: u128,
    /// The number of points up to and with each row; empty where every row has equally many.
    up_to_row: Vec<u128>,
}

impl Diagram {
    pub(super) fn new(
        factors: &[Factor],
        include: &[PartialPoint],
        exclude: &[PartialPoint],
    ) -> Result<Self, TooIntricate> {
        if factors.is_empty() {
            return Ok(Self { levels: Vec::new(), count: 0 });
        }
        let filters = Filters::new(factors, include, exclude);
        let mut levels = Vec::with_capacity(factors.len());
        let mut reached = vec![filters.start()];
        let mut budget = Budget { entries: ENTRIES_MAX, words: WORDS_MAX };
        for (index, factor) in factors.iter().enumerate() {
            let classes = filters.classes(factor);
            if !filters.is_empty() {
                budget.spend(reached.len(), factor.rows().len(), &classes.matching)?;
            }
            let (level, next) = filters.level(index, classes, &reached);
            levels.push(level);
            reached = next;
        }
        let mut diagram = Self { levels, count: 0 };
        diagram.count_up()?;
        Ok(diagram)
    }

    pub(super) fn count(&self) -> u128 {
        self.count
    }

    /// The row of every factor for the combination at `index`.
    pub(super) fn rows_at(&self, index: u128) -> Option<Vec<usize>> {
        if index >= self.count {
            return None;
        }
        let mut rest = index;
        let mut state = 0;
        let mut rows = Vec::with_capacity(self.levels.len());
        for level in &self.levels {
            let here = level.states.get(state)?;
            let row = if here.up_to_row.is_empty() {
                let (row, beyond) = divide(rest, here.each);
                rest = beyond;
                usize::try_from(row).ok()?
            } else {
                let row = here.up_to_row.partition_point(|up_to| *up_to <= rest);
                rest -= if row == 0 { 0 } else { here.up_to_row[row - 1] };
                row
            };
            state = here.next[level.class_of_row[row]]?;
            rows.push(row);
        }
        Some(rows)
    }

    /// Counts from the last factor to the first.
    fn count_up(&mut self) -> Result<(), TooIntricate> {
        let mut below: Option<Vec<u128>> = None;
        for level in self.levels.iter_mut().rev() {
            let Level { class_of_row, states } = level;
            for state in &mut *states {
                // Past the last factor every state that is left is one point.
                let by_class: Vec<u128> = (state.next.iter())
                    .map(|next| next.map_or(0, |next| below.as_ref().map_or(1, |counts| counts[next])))
                    .collect();
                state.fill(class_of_row, &by_class)?;
            }
            below = Some(states.iter().map(|state| state.count).collect());
        }
        self.count = below.and_then(|counts| counts.first().copied()).unwrap_or(0);
        Ok(())
    }
}

impl State {
    fn fill(&mut self, class_of_row: &[usize], by_class: &[u128]) -> Result<(), TooIntricate> {
        if let [first, rest @ ..] = by_class
            && rest.iter().all(|count| count == first)
        {
            self.each = *first;
            self.count = first.checked_mul(class_of_row.len() as u128).ok_or(TooIntricate::TooMany)?;
            return Ok(());
        }
        self.up_to_row.reserve_exact(class_of_row.len());
        for class in class_of_row {
            self.count = self.count.checked_add(by_class[*class]).ok_or(TooIntricate::TooMany)?;
            self.up_to_row.push(self.count);
        }
        Ok(())
    }
}

/// Quotient and remainder. Division of 128 bits takes ten times as long as that of 64, which nearly always do.
fn divide(dividend: u128, divisor: u128) -> (u128, u128) {
    match (u64::try_from(dividend), u64::try_from(divisor)) {
        (Ok(dividend), Ok(divisor)) => ((dividend / divisor).into(), (dividend % divisor).into()),
        _ => (dividend / divisor, dividend % divisor),
    }
}

/// What may still be spent on a diagram.
struct Budget {
    entries: usize,
    words: usize,
}

impl Budget {
    fn spend(&mut self, states: usize, rows: usize, classes: &[Bits]) -> Result<(), TooIntricate> {
        let words = classes.first().map_or(0, |class| class.0.len());
        let entries = states.saturating_mul(ENTRIES_PER_STATE + rows + classes.len());
        let combined = states.saturating_mul(classes.len()).saturating_mul(words);
        self.entries = self.entries.checked_sub(entries).ok_or(TooIntricate::TooManyPieces)?;
        self.words = self.words.checked_sub(combined).ok_or(TooIntricate::TooManyPieces)?;
        Ok(())
    }
}

/// Which filters match so far.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Matching {
    filters: Bits,
    /// Whether nothing needs to be included any more.
    included: bool,
}

/// The rows of a factor that the filters do not tell apart.
struct Classes {
    of_row: Vec<usize>,
    /// For every class, the filters that its rows do not contradict.
    matching: Vec<Bits>,
}

/// `include` and `exclude`, in this order, as one list of filters.
struct Filters<'a> {
    filters: Vec<&'a PartialPoint>,
    include: Bits,
    /// For every factor, the filters that say nothing about any later one.
    decided: Vec<Bits>,
}

impl<'a> Filters<'a> {
    fn new(factors: &[Factor], include: &'a [PartialPoint], exclude: &'a [PartialPoint]) -> Self {
        let filters: Vec<&PartialPoint> = include.iter().chain(exclude).collect();
        let factor_of: HashMap<&str, usize> = (factors.iter().enumerate())
            .flat_map(|(index, factor)| factor.names().iter().map(move |name| (name.as_str(), index)))
            .collect();
        let last_factor = |filter: &PartialPoint| {
            let factors = filter.parameters.iter().filter_map(|(name, _)| factor_of.get(name.as_str()));
            factors.copied().max().unwrap_or(0)
        };
        let last_factors: Vec<usize> = filters.iter().map(|filter| last_factor(filter)).collect();
        let decided = (0..factors.len())
            .map(|factor| Bits::from_iter(last_factors.iter().map(|last| *last <= factor)))
            .collect();
        let included = Bits::from_iter((0..filters.len()).map(|index| index < include.len()));
        Self { filters, include: included, decided }
    }

    fn is_empty(&self) -> bool {
        self.filters.is_empty()
    }

    /// The state before the first factor.
    fn start(&self) -> Matching {
        Matching { filters: Bits::all(self.filters.len()), included: self.include.is_empty() }
    }

    /// A factor's level, given the states that reach it, and the states that it reaches.
    fn level(&self, factor: usize, classes: Classes, reached: &[Matching]) -> (Level, Vec<Matching>) {
        let mut next: Vec<Matching> = Vec::new();
        let mut known: HashMap<Matching, usize> = HashMap::new();
        let mut step = |from: &Matching, class: &Bits| {
            let to = self.after(factor, from.filters.and(class), from.included)?;
            Some(*known.entry(to).or_insert_with_key(|to| {
                next.push(to.clone());
                next.len() - 1
            }))
        };
        let states = (reached.iter())
            .map(|from| State {
                next: classes.matching.iter().map(|class| step(from, class)).collect(),
                count: 0,
                each: 0,
                up_to_row: Vec::new(),
            })
            .collect();
        (Level { class_of_row: classes.of_row, states }, next)
    }

    /// The state once a factor's row is chosen; nothing where everything beyond is dropped.
    fn after(&self, factor: usize, filters: Bits, included: bool) -> Option<Matching> {
        let decided = filters.and(&self.decided[factor]);
        if !decided.without(&self.include).is_empty() {
            return None;
        }
        let included = included || !decided.and(&self.include).is_empty();
        if included {
            return Some(Matching { filters: filters.without(&self.include), included });
        }
        let may_be_included = !filters.and(&self.include).is_empty();
        may_be_included.then_some(Matching { filters, included })
    }

    fn classes(&self, factor: &Factor) -> Classes {
        let mut matching_row = vec![Bits::all(self.filters.len()); factor.rows().len()];
        for (column, name) in factor.names().iter().enumerate() {
            let wanted: Vec<(usize, &str)> = (self.filters.iter().enumerate())
                .flat_map(|(index, filter)| {
                    let texts = filter.parameters.iter().filter(|(known, _)| known == name);
                    texts.map(move |(_, text)| (index, text.as_str()))
                })
                .collect();
            if wanted.is_empty() {
                continue;
            }
            for (row, bits) in factor.rows().iter().zip(&mut matching_row) {
                let text = row[column].as_ref().map(plain);
                for (index, _) in wanted.iter().filter(|(_, wanted)| text.as_deref() != Some(*wanted)) {
                    bits.clear(*index);
                }
            }
        }
        let mut matching: Vec<Bits> = Vec::new();
        let mut known: HashMap<Bits, usize> = HashMap::new();
        let of_row = (matching_row.into_iter())
            .map(|bits| {
                *known.entry(bits).or_insert_with_key(|bits| {
                    matching.push(bits.clone());
                    matching.len() - 1
                })
            })
            .collect();
        Classes { of_row, matching }
    }
}

/// A set of filters.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Bits(Box<[u64]>);

impl Bits {
    fn all(count: usize) -> Self {
        Self::from_iter(std::iter::repeat_n(true, count))
    }

    fn clear(&mut self, index: usize) {
        self.0[index / 64] &= !(1 << (index % 64));
    }

    fn and(&self, other: &Self) -> Self {
        Self(self.0.iter().zip(&other.0).map(|(left, right)| left & right).collect())
    }

    fn without(&self, other: &Self) -> Self {
        Self(self.0.iter().zip(&other.0).map(|(left, right)| left & !right).collect())
    }

    fn is_empty(&self) -> bool {
        self.0.iter().all(|word| *word == 0)
    }
}

impl FromIterator<bool> for Bits {
    fn from_iter<T: IntoIterator<Item = bool>>(bits: T) -> Self {
        let mut words: Vec<u64> = Vec::new();
        for (index, bit) in bits.into_iter().enumerate() {
            if index % 64 == 0 {
                words.push(0);
            }
            if let (true, Some(word)) = (bit, words.last_mut()) {
                *word |= 1 << (index % 64);
            }
        }
        Self(words.into())
    }
}
