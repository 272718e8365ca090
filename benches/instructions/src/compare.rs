//! Now beside the baseline: what rose, and where.

use std::collections::BTreeMap;
use std::fmt;

use crate::callgrind::Counts;

/// What is let pass, in hundredths of the baseline.
const LIMIT: u64 = 2;
/// Of an operation of a few hundred: by where its operands lie, a `memcmp` of libc takes some instructions more or fewer.
const CHANCE: u64 = 8;

/// How many functions, files and lines are named.
const SHOWN: usize = 5;

/// One operation, then and now.
#[derive(Debug)]
pub struct Change<'c> {
    pub name: &'c str,
    pub then: Option<&'c Counts>,
    pub now: &'c Counts,
}

impl Change<'_> {
    /// Over the limit, or without anything to hold it against.
    pub fn is_rise(&self) -> bool {
        self.then.is_none_or(|then| {
            100 * self.now.instructions > (100 + LIMIT) * then.instructions
                && self.now.instructions > then.instructions + CHANCE
        })
    }

    pub fn is_fall(&self) -> bool {
        self.then.is_some_and(|then| 100 * self.now.instructions < (100 - LIMIT) * then.instructions)
    }

    /// The lines of `file` that cost most now. Which of them are new a baseline cannot tell: lines move.
    fn lines(&self, file: &str) -> String {
        let mut lines: Vec<_> = self.now.lines.iter().filter(|((of, at), _)| of == file && *at > 0).collect();
        lines.sort_by_key(|(_, own)| std::cmp::Reverse(**own));
        let lines: Vec<_> = lines.iter().take(SHOWN).map(|((_, at), own)| format!("{at} ({own})")).collect();
        if lines.is_empty() { String::new() } else { format!("; it costs most in line {}", lines.join(", ")) }
    }
}

impl fmt::Display for Change<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(then) = self.then else {
            return writeln!(
                f,
                "{:42} {:>8} {:8}  NEW: make bench-baseline takes it in",
                self.name, "-", self.now.instructions
            );
        };
        let share = (self.now.instructions as f64 / then.instructions as f64 - 1.0) * 100.0;
        write!(f, "{:42} {:8} {:8}  {share:+6.1} %", self.name, then.instructions, self.now.instructions)?;
        if self.is_fall() {
            write!(f, "  fell: make bench-baseline keeps what was won")?;
        }
        if !self.is_rise() {
            return writeln!(f);
        }
        writeln!(f, "  ROSE")?;
        for (function, more) in rises(&then.functions, &self.now.functions) {
            writeln!(f, "    {more:+7} in {function}")?;
        }
        // Files of the standard library say how a thing was written, not what it is.
        let is_telling = |file: &str| !file.starts_with("library/") && !then.functions.contains_key(file);
        for (file, more) in rises(&then.files, &self.now.files).into_iter().filter(|(file, _)| is_telling(file)) {
            writeln!(f, "    {more:+7} in {file}{}", self.lines(file))?;
        }
        Ok(())
    }
}

/// Who costs more than before, those who rose most first.
fn rises<'n>(then: &BTreeMap<String, u64>, now: &'n BTreeMap<String, u64>) -> Vec<(&'n str, i64)> {
    let more = |(name, own): (&'n String, &u64)| {
        let before = then.get(name).copied().unwrap_or_default();
        (name.as_str(), own.cast_signed() - before.cast_signed())
    };
    // A share too small for the baseline is no rise now.
    let least = now.values().sum::<u64>().cast_signed() / 100;
    let mut rises: Vec<_> = now.iter().map(more).filter(|(_, more)| *more > least.max(1)).collect();
    rises.sort_by_key(|(_, more)| std::cmp::Reverse(*more));
    rises.truncate(SHOWN);
    rises
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(functions: &[(&str, u64)]) -> Counts {
        let functions: BTreeMap<_, _> = functions.iter().map(|(name, own)| ((*name).to_owned(), *own)).collect();
        let instructions = functions.values().sum();
        Counts { instructions, files: functions.clone(), functions, lines: BTreeMap::new() }
    }

    #[test]
    fn two_in_a_hundred_pass_and_three_do_not() {
        let then = counts(&[("a", 1000)]);
        let change = |own| counts(&[("a", own)]);
        for (own, rise, fall) in [(1000, false, false), (1020, false, false), (1021, true, false), (979, false, true)] {
            let now = change(own);
            let change = Change { name: "it", then: Some(&then), now: &now };
            assert_eq!((change.is_rise(), change.is_fall()), (rise, fall), "{own}");
        }
        assert!(Change { name: "new", then: None, now: &then }.is_rise());
        let (then, by_chance, more) = (change(300), change(308), change(309));
        for (now, rise) in [(&by_chance, false), (&more, true)] {
            assert_eq!(Change { name: "small", then: Some(&then), now }.is_rise(), rise);
        }
    }

    #[test]
    fn it_says_where() {
        let (then, mut now) = (counts(&[("a", 900), ("b", 100)]), counts(&[("a", 900), ("b", 400), ("c", 60)]));
        now.files = [("b.rs".to_owned(), 500)].into();
        now.lines.insert(("b.rs".to_owned(), 7), 300);
        let told = Change { name: "it", then: Some(&then), now: &now }.to_string();
        let where_from =
            "ROSE\n       +300 in b\n        +60 in c\n       +500 in b.rs; it costs most in line 7 (300)\n";
        assert!(told.contains(where_from), "{told}");
        assert!(!told.contains("in a"), "{told}");
    }
}
