//! Header text that lives as long as the program.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

/// Layers are made at start and hold few texts; whoever makes more than this is making them as it goes, and those are
/// not kept.
const MAX_TEXTS: usize = 256;

static TEXTS: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());

/// The same text, to be copied without counting references; `None` when there is no room for another.
pub(super) fn interned(text: &str) -> Option<&'static str> {
    let mut texts = TEXTS.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = texts.get(text) {
        return Some(known);
    }
    if texts.len() == MAX_TEXTS {
        return None;
    }
    let text: &'static str = Box::leak(text.into());
    texts.insert(text);
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_texts_are_kept_once_and_no_more_than_there_is_room_for() {
        let (once, again) = (interned("kept once"), interned(&String::from("kept once")));
        assert!(matches!((once, again), (Some(once), Some(again)) if std::ptr::eq(once, again)));
        let kept = (0..2 * MAX_TEXTS).filter(|at| interned(&format!("text {at}")).is_some()).count();
        assert!(kept < MAX_TEXTS);
        assert_eq!(interned("kept once"), once);
    }
}
