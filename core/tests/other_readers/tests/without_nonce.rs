//! The policy for responses of an inert type: whatever Servo blocks under the whole policy, it blocks under this one too.

use std::borrow::Cow;

use content_security_policy::{
    CheckResult, CspList, Destination, Element, Initiator, InlineCheckType, ParserMetadata, PolicyDisposition,
    PolicySource, Request, Url,
};
use other_readers::content_security_policy::{NONCE, policy_list};
use other_readers::random::Random;
use sallet_core::SecurityHeaders;

const POLICIES: usize = 1_000;
const NONCE_DRAWN: &str = "AAAAAAAAAAAAAAAAAAAAAA";

fn sent(policy: &SecurityHeaders<'_>) -> CspList {
    let field = policy.fields().next().expect("a policy has a field");
    let mut buf = vec![0; field.value_len()];
    let (value, _) = field.write_value(&mut buf).expect("it has its length");
    let value = value.replace(NONCE, &format!("'nonce-{NONCE_DRAWN}'"));
    CspList::parse(&value, PolicySource::Header, PolicyDisposition::Enforce)
}

/// What a page may do, one answer for each question.
fn allowed(list: &CspList) -> Vec<bool> {
    let mut answers = Vec::new();
    for nonce in [None, Some(Cow::Borrowed(NONCE_DRAWN))] {
        let element = Element { nonce };
        for kind in [
            InlineCheckType::Script,
            InlineCheckType::ScriptAttribute,
            InlineCheckType::Style,
            InlineCheckType::StyleAttribute,
            InlineCheckType::Navigation,
        ] {
            answers.push(list.should_elements_inline_type_behavior_be_blocked(&element, kind, "alert(1)").0);
        }
    }
    for nonce in ["", NONCE_DRAWN] {
        for destination in
            [Destination::Script, Destination::Style, Destination::Image, Destination::Worker, Destination::Object]
        {
            for url in
                ["https://site.example/x", "https://a.example/x", "http://a.example/", "data:,x", "wss://a.example/"]
            {
                let url = Url::parse(url).expect("a URL");
                let request = Request {
                    current_url: url.clone(),
                    url,
                    origin: Url::parse("https://site.example/").expect("a URL").origin(),
                    redirect_count: 0,
                    destination,
                    initiator: Initiator::None,
                    nonce: nonce.to_owned(),
                    integrity_metadata: String::new(),
                    parser_metadata: ParserMetadata::ParserInserted,
                };
                answers.push(list.should_request_be_blocked(&request).0);
            }
        }
    }
    answers.push(list.is_js_evaluation_allowed("1").0);
    answers.push(list.is_wasm_evaluation_allowed().0);
    answers.into_iter().map(|answer| answer == CheckResult::Allowed).collect()
}

#[test]
fn a_policy_without_its_nonce_is_never_looser() {
    let mut random = Random::new(4);
    let (mut checked, mut tighter) = (0, 0);
    while checked < POLICIES {
        let text = policy_list(&mut random).text;
        let Ok(policy) = SecurityHeaders::EMPTY.with("content-security-policy", &text) else { continue };
        if !policy.needs_nonce() {
            continue;
        }
        checked += 1;
        let (with, without) = (allowed(&sent(&policy)), allowed(&sent(&policy.without_nonce())));
        assert!(with.iter().zip(&without).all(|(with, without)| *with || !without), "{text:?}");
        tighter += usize::from(with != without);
    }
    assert!(tighter > POLICIES / 2, "{tighter}");
}
