//! Rows, as a store has them, into a table.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;

use super::KeyTable;
use super::sorted::{Record, SortedKeys, Window, hash, in_order};
use crate::auth::{Key, KeyringError, index};
use crate::secret::Digest;

/// Collects the rows of a [`KeyTable`].
///
/// Rows are looked at together, in [`finish`](Self::finish), which takes all or nothing, or in
/// [`finish_leniently`](Self::finish_leniently), which leaves bad rows out, for a store that somebody else may have written to.
#[derive(Debug, Default)]
pub struct KeyTableBuilder {
    records: Vec<Record>,
    names: String,
    scopes: Vec<Box<str>>,
    known_scopes: BTreeMap<Box<str>, u32>,
    windows: Vec<[u64; 2]>,
    /// Rows that cannot be keys.
    spoiled: Vec<OutOfForce>,
    problems: Vec<KeyProblem>,
}

/// A row that a table has not taken, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyProblem {
    /// As it is in the row. It may hold control characters: escape it in a log.
    pub id: String,
    /// What is wrong.
    pub why: KeyringError,
}

/// What a row says that is no key, or one of two.
#[derive(Debug, Clone)]
pub(super) struct OutOfForce {
    pub(super) id: Box<str>,
    pub(super) digest: Option<Digest>,
}

/// What becomes of the rows: those that are in no conflict, by digest and by id.
pub(super) struct Built {
    pub(super) keys: SortedKeys,
    pub(super) out: Vec<OutOfForce>,
    pub(super) problems: Vec<KeyProblem>,
}

impl KeyTableBuilder {
    /// No rows.
    pub const fn new() -> Self {
        Self {
            records: Vec::new(),
            names: String::new(),
            scopes: Vec::new(),
            known_scopes: BTreeMap::new(),
            windows: Vec::new(),
            spoiled: Vec::new(),
            problems: Vec::new(),
        }
    }

    /// Adds a key.
    pub fn push(&mut self, key: &Key<&str>) {
        if let Err(why) = key.check().and_then(|()| self.take(key)) {
            self.problems.push(KeyProblem { id: key.id.into(), why });
            self.spoil(key.id, Some(key.digest));
        }
    }

    /// Adds a row that is no key, such as one whose times are no numbers: no other row may have its id or its digest. Whoever calls
    /// this knows what is wrong with it.
    pub fn spoil(&mut self, id: &str, digest: Option<Digest>) {
        self.spoiled.push(OutOfForce { id: id.into(), digest });
    }

    /// How many rows there are by now.
    pub const fn len(&self) -> usize {
        self.records.len() + self.spoiled.len()
    }

    /// Whether there is no row.
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn take(&mut self, key: &Key<&str>) -> Result<(), KeyringError> {
        let principal = if key.principal == key.id { "" } else { key.principal };
        let len = |text: &str| u16::try_from(text.len()).map_err(|_| KeyringError::Long);
        let (id_len, principal_len) = (len(key.id)?, len(principal)?);
        let full = |_| KeyringError::TooMany;
        u32::try_from(self.records.len() + 1).map_err(full)?;
        let names = u32::try_from(self.names.len()).map_err(full)?;
        let window = Window { not_before: key.not_before, not_after: key.not_after }.packed();
        let window = match window {
            [0, u64::MAX] => 0,
            // Keys that were made together end together.
            _ if self.windows.last() == Some(&window) => index::position_of(self.windows.len()),
            _ => {
                self.windows.push(window);
                index::position_of(self.windows.len())
            }
        };
        let scopes = self.scopes(key.scopes);
        self.names.push_str(key.id);
        self.names.push_str(principal);
        self.records.push(Record { digest: key.digest, names, id_len, principal_len, scopes, window });
        Ok(())
    }

    fn scopes(&mut self, scopes: &str) -> u32 {
        if let Some(&known) = self.known_scopes.get(scopes) {
            return known;
        }
        let new = index::position_of(self.scopes.len());
        self.scopes.push(scopes.into());
        self.known_scopes.insert(scopes.into(), new);
        new
    }

    /// All rows as a table. It takes as long as sorting them twice.
    ///
    /// # Errors
    /// [`KeyringError`] when a row is no key by itself, or two have one id or one token.
    pub fn finish(self) -> Result<KeyTable, KeyringError> {
        let built = self.build();
        match built.problems.first() {
            Some(problem) => Err(problem.why),
            None if !built.out.is_empty() => Err(KeyringError::Row),
            None => Ok(built.into_table()),
        }
    }

    /// The good rows as a table, and what is wrong with the others.
    ///
    /// A row that is no key puts its id and its digest out of force: no other row with one of them is taken. Of rows with one id, and
    /// of rows with one digest, none is.
    pub fn finish_leniently(self) -> (KeyTable, Vec<KeyProblem>) {
        let mut built = self.build();
        let problems = core::mem::take(&mut built.problems);
        (built.into_table(), problems)
    }

    pub(super) fn build(mut self) -> Built {
        self.known_scopes.clear();
        let (by_digest, mut of_one_token) = self.order(|record| record.digest.lead(), |at| self.digest(at));
        let (by_id, of_one_id) =
            self.order(|record| hash(id_of(&self.names, record)), |at| (hash(self.id(at)), self.id(at)));

        let mut fate: BTreeMap<_, _> = of_one_id.into_iter().map(|at| (at, KeyringError::DuplicateId)).collect();
        for row in &self.spoiled {
            let own = hash(&row.id);
            if let Ok(found) = by_id.binary_search_by(|&at| in_order(hash(self.id(at)), self.id(at), own, &row.id)) {
                fate.insert(by_id[found], KeyringError::DuplicateId);
            }
            let Some(digest) = &row.digest else { continue };
            if let Ok(found) = by_digest.binary_search_by_key(&digest.to_bytes(), |&at| self.digest(at)) {
                of_one_token.push(by_digest[found]);
            }
        }
        for at in of_one_token {
            fate.entry(at).or_insert(KeyringError::DuplicateToken);
        }
        self.place(&by_digest, &by_id, &fate)
    }

    /// Puts the records where the orders say, but for those whose fate is another.
    fn place(self, by_digest: &[u32], by_id: &[u32], fate: &BTreeMap<u32, KeyringError>) -> Built {
        let mut records = Vec::with_capacity(self.records.len() - fate.len());
        let mut places = vec![u32::MAX; self.records.len()];
        for &at in by_digest {
            if fate.is_empty() || !fate.contains_key(&at) {
                places[at as usize] = index::position_of(records.len());
                records.push(self.records[at as usize]);
            }
        }
        let (mut out, mut problems) = (self.spoiled, self.problems);
        let mut duplicates: Vec<_> = fate.iter().collect();
        // Of several mistakes the same is named each time.
        duplicates.sort_by_key(|(_, why)| **why == KeyringError::DuplicateToken);
        for (&at, &why) in duplicates {
            let record = &self.records[at as usize];
            let id = id_of(&self.names, record);
            out.push(OutOfForce { id: id.into(), digest: Some(record.digest) });
            problems.push(KeyProblem { id: id.into(), why });
        }
        let by_id = by_id.iter().map(|&at| places[at as usize]).filter(|&place| place != u32::MAX).collect();
        let mut keys = SortedKeys {
            directory: Box::default(),
            records: records.into(),
            by_id,
            names: self.names.into(),
            scopes: self.scopes.into(),
            windows: self.windows.into(),
        };
        let mut directory = vec![0; index::directory_len(keys.records.len())];
        index::fill(&mut directory, &keys);
        keys.directory = directory.into();
        Built { keys, out, problems }
    }

    /// Where the rows are in an order that begins with that of a number, and which are equal in it.
    fn order<K: Ord>(&self, number: impl Fn(&Record) -> u64, whole: impl Fn(u32) -> K) -> (Vec<u32>, Vec<u32>) {
        // The leading bits of the number and, where there is room behind them, the row: words are sorted in half the time of pairs.
        let row_bits = usize::BITS - self.records.len().leading_zeros();
        let row = (1 << row_bits) - 1;
        let mut packed: Vec<u64> = (0..).zip(&self.records).map(|(at, record)| number(record) & !row | at).collect();
        packed.sort_unstable();
        #[expect(clippy::cast_possible_truncation, reason = "there are no more rows than a u32 counts")]
        let at = |packed: u64| (packed & row) as u32;
        let mut equal = Vec::new();
        for same in packed.chunk_by_mut(|a, b| a >> row_bits == b >> row_bits).filter(|same| same.len() > 1) {
            same.sort_unstable_by_key(|&packed| whole(at(packed)));
            for pair in same.array_windows().map(|pair: &[u64; 2]| pair.map(at)) {
                if whole(pair[0]) == whole(pair[1]) {
                    equal.extend(pair);
                }
            }
        }
        (packed.into_iter().map(at).collect(), equal)
    }

    fn digest(&self, at: u32) -> [u8; 32] {
        self.records[at as usize].digest.to_bytes()
    }

    fn id(&self, at: u32) -> &str {
        id_of(&self.names, &self.records[at as usize])
    }
}

fn id_of<'n>(names: &'n str, record: &Record) -> &'n str {
    let start = record.names as usize;
    &names[start..start + usize::from(record.id_len)]
}

impl Built {
    fn into_table(self) -> KeyTable {
        KeyTable { base: Arc::new(self.keys), out: self.out.into(), ..KeyTable::default() }
    }
}
