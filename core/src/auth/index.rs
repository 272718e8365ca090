//! The search in sorted digests: the leading 64 bits are an index and no secret, all that follows is compared in constant time.

use core::ops::Range;

use subtle::{Choice, ConstantTimeEq, CtOption};

use crate::secret::Digest;

/// How many digests are compared, whatever was presented: more than almost any bucket holds, so that the time does not show how
/// full one is.
const COMPARED: usize = 8;

/// How many entries a directory of so many digests has: two digests fall into a bucket, on average.
pub(super) const fn directory_len(digests: usize) -> usize {
    digests / 2
}

/// Digests in ascending order, wherever they are.
pub(super) trait Sorted {
    fn len(&self) -> usize;

    /// The digest, and what is to be known of it if it is the one: a number. `None` beyond the end.
    fn get(&self, at: usize) -> Option<(&Digest, u32)>;
}

/// Writes where each bucket begins. An entry of the directory is a bucket, and each has as many leading values as another.
pub(super) fn fill(directory: &mut [u32], sorted: &impl Sorted) {
    let (mut at, mut next) = (0, 0);
    let buckets = directory.len();
    while at < sorted.len() {
        let Some((digest, _)) = sorted.get(at) else { break };
        let bucket = bucket(digest.lead(), buckets);
        while next <= bucket
            && let Some(start) = directory.get_mut(next)
        {
            *start = position_of(at);
            next += 1;
        }
        at += 1;
    }
    directory.iter_mut().skip(next).for_each(|start| *start = position_of(at));
}

/// The number that goes with a digest.
///
/// The candidates are chosen by the leading 64 bits of what was presented; each of them is compared whole, and none is skipped.
#[inline]
pub(super) fn find(presented: &Digest, directory: &[u32], sorted: &impl Sorted) -> CtOption<u32> {
    let (mut found, mut position) = (0_u8, 0_u32);
    for at in candidates(presented.lead(), directory, sorted) {
        let Some((digest, number)) = sorted.get(at) else { continue };
        // As in a ring that is scanned: one barrier per key, and no two digests are the same.
        let hit = presented.ct_eq(digest).unwrap_u8();
        found |= hit;
        position |= u32::from(hit).wrapping_neg() & number;
    }
    CtOption::new(position, Choice::from(found))
}

/// Which digests are compared: those of the bucket, and as many after it as make [`COMPARED`]. In a bucket of more, only those that
/// have the 64 bits, which nobody can make many of: each costs 2^64 hashes.
#[inline]
fn candidates(lead: u64, directory: &[u32], sorted: &impl Sorted) -> Range<usize> {
    let len = sorted.len();
    let (mut start, mut end) = match directory.len() {
        0 => (0, len),
        buckets => {
            let bucket = bucket(lead, buckets);
            (start_of(bucket, directory, len), start_of(bucket + 1, directory, len))
        }
    };
    if end.saturating_sub(start) > COMPARED {
        (start, end) = halve(lead, start..end, sorted);
    }
    let start = start.min(len.saturating_sub(COMPARED));
    start..end.max(start.saturating_add(COMPARED)).min(len)
}

#[inline]
fn start_of(bucket: usize, directory: &[u32], len: usize) -> usize {
    match directory.get(bucket) {
        Some(&start) => start as usize,
        None => len,
    }
}

/// Those of a range whose leading bits these are.
#[inline(never)]
fn halve(lead: u64, range: Range<usize>, sorted: &impl Sorted) -> (usize, usize) {
    let start = first(range.start..range.end, sorted, |other| other >= lead);
    (start, first(start..range.end, sorted, |other| other > lead))
}

/// The first of a range whose leading bits are far enough.
#[inline]
fn first(range: Range<usize>, sorted: &impl Sorted, is_far: impl Fn(u64) -> bool) -> usize {
    let (mut start, mut end) = (range.start, range.end);
    while start < end {
        let middle = start.midpoint(end);
        let lead = match sorted.get(middle) {
            Some((digest, _)) => digest.lead(),
            None => u64::MAX,
        };
        if is_far(lead) {
            end = middle;
        } else {
            start = middle + 1;
        }
    }
    start
}

/// Rises with the leading bits, and is below `buckets`.
#[expect(clippy::cast_possible_truncation, reason = "below `buckets`, which is a usize")]
const fn bucket(lead: u64, buckets: usize) -> usize {
    ((lead as u128 * buckets as u128) >> 64) as usize
}

/// Rings hold no more keys than a `u32` counts.
#[expect(clippy::cast_possible_truncation, reason = "see there")]
pub(super) const fn position_of(at: usize) -> u32 {
    at as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Leads<'a>(&'a [Digest]);

    impl Sorted for Leads<'_> {
        fn len(&self) -> usize {
            self.0.len()
        }

        fn get(&self, at: usize) -> Option<(&Digest, u32)> {
            self.0.get(at).map(|digest| (digest, position_of(at)))
        }
    }

    /// A digest that begins so.
    fn digest(lead: u64, rest: u8) -> Digest {
        let mut bytes = [rest; 32];
        bytes[..8].copy_from_slice(&lead.to_be_bytes());
        Digest::from_bytes(bytes)
    }

    /// Spread, crowded into one bucket, and of one lead.
    fn sets() -> [[Digest; 64]; 3] {
        let step = u64::MAX / 64;
        [
            core::array::from_fn(|i| digest(i as u64 * step, 7)),
            core::array::from_fn(|i| digest(9 * step + i as u64, 7)),
            core::array::from_fn(|i| digest(u64::MAX, u8::try_from(i).unwrap())),
        ]
    }

    #[test]
    fn every_digest_is_found_by_every_directory() {
        for digests in sets() {
            for len in 0..=digests.len() {
                let sorted = Leads(&digests[..len]);
                let mut room = [0; 200];
                for buckets in [0, 1, 2, 3, len / 2, len, 200] {
                    let directory = &mut room[..buckets];
                    fill(directory, &sorted);
                    for (at, digest) in sorted.0.iter().enumerate() {
                        let found = Option::from(find(digest, directory, &sorted));
                        assert_eq!(found, u32::try_from(at).ok(), "{len} digests, {buckets} buckets");
                    }
                    for other in [digest(0, 0), digest(u64::MAX, 255), digest(u64::MAX / 3, 7)] {
                        assert!(bool::from(find(&other, directory, &sorted).is_none()));
                    }
                }
            }
        }
    }

    /// However many share a bucket, and wherever it is.
    #[test]
    fn eight_are_compared_whatever_was_presented() {
        let step = u64::MAX / 64;
        for digests in &sets()[..2] {
            let sorted = Leads(digests);
            for buckets in [0, 1, 32, 64] {
                let mut room = [0; 64];
                fill(&mut room[..buckets], &sorted);
                for lead in (0..64).flat_map(|i| [i * step, i * step + 1, 9 * step + i]).chain([u64::MAX]) {
                    assert_eq!(candidates(lead, &room[..buckets], &sorted).len(), COMPARED, "{buckets} buckets");
                }
            }
        }
        // But of those that have 64 bits in common none is left out.
        let sorted = Leads(&sets()[2]);
        assert_eq!(candidates(u64::MAX, &[], &sorted).len(), 64);
    }
}
