//! Path rules of a configuration: a mistake is blamed on the line that made it.

use sallet_core::paths::{PathRule, PathRuleError};

/// # Panics
/// When the text is no rule, or not one for this use.
#[track_caller]
pub(crate) fn rule(
    text: &str,
    fits: fn(PathRule<String>) -> Result<PathRule<String>, PathRuleError>,
) -> PathRule<String> {
    match PathRule::parse(text.to_owned()).and_then(fits) {
        Ok(rule) => rule,
        Err(error) => panic!("{text:?}: {error}"),
    }
}
