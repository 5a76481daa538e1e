//! One axis's strata, visited in an order of their own.
//!
//! The order is a permutation that is computed from the index of a point and never stored: a Feistel network over the next
//! power of two, walked until it lands inside. So memory stays flat however many samples there are, and any range of points
//! can be made without those before it. Nothing here may change: sweeps that were planned once are planned again by it.

/// Enough for every output bit to depend on every input bit several times over.
const ROUNDS: usize = 8;

/// The network needs bits to mix; a few samples are found in this many by walking.
const BITS_MIN: u32 = 8;

/// The strata of one axis.
#[derive(Debug)]
pub struct Strata {
    count: u64,
    /// The width of a stratum on the unit interval.
    width: f64,
    low_bits: u32,
    high_bits: u32,
    keys: [u64; ROUNDS],
    jitter_key: u64,
}

impl Strata {
    /// `count` strata, in the order that follows from the seed and the axis's name.
    pub fn new(count: u64, seed: u64, name: &str) -> Self {
        let bits = (u64::BITS - count.saturating_sub(1).leading_zeros()).max(BITS_MIN);
        let mut state = name.bytes().fold(mix(seed), |state, byte| mix(state ^ u64::from(byte)));
        let mut key = || {
            state = state.wrapping_add(GOLDEN_GAMMA);
            mix(state)
        };
        Self {
            count,
            width: 1.0 / as_double(count),
            low_bits: bits / 2,
            high_bits: bits - bits / 2,
            jitter_key: key(),
            keys: std::array::from_fn(|_| key()),
        }
    }

    /// Where point `index` lies on the unit interval: somewhere in a stratum that no other point has. Below 1.
    pub fn position(&self, index: u64) -> f64 {
        /// The doubles between 0 and 1 that are equally far apart: 2⁵³.
        const STEP: f64 = 1.0 / 9_007_199_254_740_992.0;
        const BELOW_ONE: f64 = 1.0 - STEP;
        let jitter = as_double(mix(self.jitter_key ^ index.wrapping_mul(GOLDEN_GAMMA)) >> 11) * STEP;
        ((as_double(self.stratum(index)) + jitter) * self.width).min(BELOW_ONE)
    }

    /// The stratum of point `index`, from 0.
    pub fn stratum(&self, index: u64) -> u64 {
        let mut stratum = self.shuffle(index);
        while stratum >= self.count {
            stratum = self.shuffle(stratum);
        }
        stratum
    }

    /// A permutation of all numbers of `low_bits + high_bits` bits. The halves differ by a bit where that number is odd, so
    /// each round mixes one into the other and the next goes the other way.
    fn shuffle(&self, value: u64) -> u64 {
        let mut low = value & mask(self.low_bits);
        let mut high = value >> self.low_bits;
        for pair in self.keys.chunks_exact(2) {
            low ^= fold(high ^ pair[0], self.low_bits);
            high ^= fold(low ^ pair[1], self.high_bits);
        }
        high << self.low_bits | low
    }
}

/// The step of SplitMix64: the odd number nearest to 2⁶⁴ over the golden ratio.
const GOLDEN_GAMMA: u64 = 0x9E37_79B9_7F4A_7C15;

/// The output function of SplitMix64 (Steele, Lea and Flood, 2014).
fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// The upper bits of a product, which depend on all bits of the factors.
fn fold(value: u64, bits: u32) -> u64 {
    let product = value.wrapping_mul(GOLDEN_GAMMA);
    (product ^ (product >> 29)).wrapping_mul(0xBF58_476D_1CE4_E5B9) >> (u64::BITS - bits)
}

fn mask(bits: u32) -> u64 {
    (1 << bits) - 1
}

#[expect(clippy::cast_precision_loss, reason = "callers stay within 2⁵³")]
fn as_double(integer: u64) -> f64 {
    integer as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_stratum_is_visited_once() {
        for count in [1, 2, 3, 10, 255, 256, 257, 1000, 70_001] {
            let strata = Strata::new(count, 7, "lr");
            let mut seen: Vec<u64> = (0..count).map(|index| strata.stratum(index)).collect();
            seen.sort_unstable();
            assert!(seen.into_iter().eq(0..count), "{count}");
        }
    }

    /// Each stratum follows each other about equally often: over many seeds, the first point of four goes everywhere.
    #[test]
    fn no_stratum_is_preferred() {
        let mut visits = [0_u32; 4];
        for seed in 0..4000 {
            visits[usize::try_from(Strata::new(4, seed, "x").stratum(0)).unwrap()] += 1;
        }
        assert!(visits.iter().all(|visits| (900..1100).contains(visits)), "{visits:?}");
    }

    /// Neighbouring points, and the same points of two axes, have nothing to do with one another.
    #[test]
    fn orders_are_not_correlated() {
        let count = 10_000;
        let [a, b] = ["a", "b"].map(|name| Strata::new(count, 1, name));
        let pairs: [Vec<(f64, f64)>; 2] = [
            (0..count).map(|index| (a.position(index), b.position(index))).collect(),
            (1..count).map(|index| (a.position(index - 1), a.position(index))).collect(),
        ];
        for pairs in pairs {
            let products: f64 = pairs.iter().map(|(x, y)| (x - 0.5) * (y - 0.5)).sum();
            let correlation = products / as_double(count) * 12.0;
            assert!(correlation.abs() < 0.03, "{correlation}");
        }
    }
}
