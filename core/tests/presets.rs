//! The presets, to the byte: whoever changes one changes what users send. The bytes stand in `cases/headers.json`.

use sallet_core::{Scheme, SecurityHeaders, Severity};
use serde_json::Value;

const PRESETS: &[(&str, SecurityHeaders<'_>)] = SecurityHeaders::PRESETS;

/// What the table of cases wants of `preset` over `scheme`, beside the app's own fields.
fn expected(preset: &str, scheme: &str) -> Vec<(String, String)> {
    let table: Value = serde_json::from_str(include_str!("../../cases/headers.json")).unwrap();
    let is_it = |case: &&Value| {
        case["policy"] == serde_json::json!({ "preset": preset }) && case["scheme"] == scheme && case["paths"].is_null()
    };
    let case =
        table["cases"].as_array().unwrap().iter().find(is_it).unwrap_or_else(|| panic!("{preset} over {scheme}"));
    let fields = |of: &str| serde_json::from_value::<Vec<(String, String)>>(case[of].clone()).unwrap();
    let mut expected = fields("expect");
    expected.retain(|field| !fields("app").contains(field));
    expected
}

fn sent(policy: SecurityHeaders<'_>) -> Vec<(String, String)> {
    policy.fields().map(|field| (field.name().to_owned(), field.to_string())).collect()
}

#[test]
fn presets_are_what_the_table_of_cases_says() {
    for &(name, preset) in PRESETS {
        assert_eq!(sent(preset), expected(name, "https"), "{name}");
        assert_eq!(sent(preset.over(Scheme::Https)), sent(preset), "{name}");
    }
    for (name, preset) in PRESETS.split_last().unwrap().1 {
        assert_eq!(sent(preset.over(Scheme::Http)), expected(name, "http"), "{name}");
    }
}

#[test]
fn presets_hold_together_and_have_no_high_finding() {
    for (_, preset) in PRESETS.split_last().unwrap().1 {
        let preset = preset.check().unwrap();
        assert!(!preset.needs_nonce());
        assert!(preset.lint().all(|lint| lint.severity < Severity::High));
    }
    assert_eq!(SecurityHeaders::STRICT.lint().next(), None);
    assert_eq!(SecurityHeaders::API.lint().next(), None);
}

#[test]
fn a_lint_advises_the_max_age_that_the_presets_send() {
    let remedy = SecurityHeaders::EMPTY.lint().find(|lint| lint.header == "strict-transport-security").unwrap().remedy;
    let sent = sent(SecurityHeaders::STRICT).into_iter().find(|(name, _)| name == "strict-transport-security");
    assert_eq!(remedy.strip_prefix("send "), Some(&*sent.unwrap().1));
}
