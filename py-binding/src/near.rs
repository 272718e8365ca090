//! The nearest right name for a wrong one, which `sallet._near` finds.

use pyo3::prelude::*;
use sallet_core::{Directive, DirectiveName, PolicyError, Source};

/// The error's sentence. Where the directive or keyword that it is about has a near one, that is what it advises.
///
/// The core's error does not say which word it is about. `place` shows what was given, so the word is in there.
pub(crate) fn sentence(place: &str, error: PolicyError) -> String {
    const ENDS: [char; 3] = [';', ',', '"'];
    let words = |part| str::split_whitespace(part).next();
    let near = match error {
        PolicyError::UnknownDirective => {
            near(place.split(ENDS).filter_map(words), DirectiveName::ALL.iter().map(|name| name.as_str()))
        }
        PolicyError::UnknownKeyword => near(
            place.split(|end| ENDS.contains(&end) || end == ' ').filter(|word| word.starts_with('\'')),
            Source::CONSTANTS.iter().map(|constant| constant.source.as_str()),
        ),
        PolicyError::UnknownSandboxFlag => {
            near(place.split(|end| ENDS.contains(&end) || end == ' '), Directive::SANDBOX_FLAGS.iter().copied())
        }
        _ => None,
    };
    let sentence = error.message();
    match (near, sentence.split_once(": ")) {
        (Some(near), Some((wrong, _))) => format!("{wrong}: did you mean {near}?"),
        _ => sentence.to_owned(),
    }
}

/// What the first word that is near to something is near to.
pub(crate) fn near<'a>(given: impl Iterator<Item = &'a str>, known: impl Iterator<Item = &'a str>) -> Option<String> {
    let known: Vec<_> = known.collect();
    Python::attach(|py| {
        let nearest = py.import("sallet._near").and_then(|module| module.getattr("nearest")).ok()?;
        given
            .filter(|word| !known.contains(word))
            .find_map(|word| nearest.call1((word, &known)).ok()?.extract::<Option<String>>().ok().flatten())
    })
}

/// What to write instead of a keyword that `SecurityHeaders` does not have.
pub(crate) fn header(py: Python<'_>, given: &str, keywords: &[String]) -> PyResult<String> {
    let directives: Vec<_> = DirectiveName::ALL.iter().map(|name| name.as_str()).collect();
    py.import("sallet._near")?.getattr("header")?.call1((given, keywords, directives))?.extract()
}
