//! Realms, scopes, refusals and the challenge they make.

use std::collections::BTreeSet;

use sallet_core::Cursor;
use sallet_core::auth::{AuthScheme, Credentials, Key, Realm, Refusal, Requirement, Scopes};
use sallet_core::secret::Digest;

use crate::abnf::{self, Rest};
use crate::{buffers, input, wire};

/// The first byte chooses the refusal; then come a realm, the scopes of a route and those of a key, with bytes FF
/// between.
pub fn challenge(data: &[u8]) {
    let Some((&choice, rest)) = data.split_first() else { return };
    let mut texts = input::texts(rest);
    let (realm, required, granted) = (texts.next(), texts.next(), texts.next());
    let realm = read_realm(realm.as_deref().unwrap_or_default());
    let required = read_scopes(required.as_deref().unwrap_or_default());
    let granted = read_scopes(granted.as_deref().unwrap_or_default());
    if let (Some(required), Some(granted)) = (required, granted) {
        grants(required, granted);
    }
    let refusal = refusal(choice);
    body(refusal, data.len());
    if let (Some(realm), Some(scopes)) = (realm, required) {
        text(realm, refusal, scopes, data.len());
    }
}

/// Each refusal there is, by number.
pub(crate) fn refusal(choice: u8) -> Refusal {
    Refusal::ALL[usize::from(choice) % Refusal::ALL.len()]
}

/// The parameters of a scheme's challenge, in order, with the values meant: of Bearer those of RFC 6750 section 3 and RFC 9728
/// section 5.1, of Basic those of RFC 7617 section 2.1.
pub(crate) fn expected_params(
    need: &Requirement<&str>,
    refusal: Refusal,
    metadata: Option<&str>,
) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut params = vec![("realm", need.realm().as_str())];
    match need.scheme() {
        AuthScheme::Basic => params.push(("charset", "UTF-8")),
        AuthScheme::ApiKey => params.push(("header", need.field())),
        _ => bearer_params(need.scopes(), refusal, metadata, &mut params),
    }
    params.into_iter().map(|(name, value)| (name.into(), value.into())).collect()
}

fn bearer_params<'a>(
    scopes: Scopes<&'a str>,
    refusal: Refusal,
    metadata: Option<&'a str>,
    params: &mut Vec<(&'a str, &'a str)>,
) {
    match refusal {
        Refusal::Missing | Refusal::Unavailable | Refusal::CrossSite | Refusal::Throttled => {}
        Refusal::Malformed(_) => params.push(("error", "invalid_request")),
        Refusal::InvalidToken => params.push(("error", "invalid_token")),
        Refusal::InsufficientScope => params.push(("error", "insufficient_scope")),
    }
    if !matches!(refusal, Refusal::Malformed(_)) && !scopes.as_str().is_empty() {
        params.push(("scope", scopes.as_str()));
    }
    params.extend(metadata.map(|url| ("resource_metadata", url)));
}

fn read_realm(text: &str) -> Option<Realm<&str>> {
    let good = !text.is_empty() && text.bytes().all(|byte| (0x20..=0x7e).contains(&byte));
    let realm = Realm::parse(text);
    assert_eq!(realm.map(|realm| realm.as_str()).ok(), good.then_some(text));
    realm.ok()
}

/// `scope = scope-token *( SP scope-token )`, `scope-token = 1*( %x21 / %x23-5B / %x5D-7E )` (RFC 6749 section 3.3)
fn read_scopes(text: &str) -> Option<Scopes<&str>> {
    let good =
        |scope: &str| !scope.is_empty() && scope.bytes().all(|byte| matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7e));
    let good = text.is_empty() || text.split(' ').all(good);
    let scopes = Scopes::parse(text);
    assert_eq!(scopes.map(|scopes| scopes.as_str()).ok(), good.then_some(text));
    scopes.ok()
}

/// Scopes as the sets they are.
fn grants(required: Scopes<&str>, granted: Scopes<&str>) {
    let required_set: BTreeSet<_> = required.as_str().split_whitespace().collect();
    let granted_set: BTreeSet<_> = granted.as_str().split_whitespace().collect();
    assert_eq!(required.iter().collect::<BTreeSet<_>>(), required_set);
    assert_eq!(granted.contains_all(required), required_set.is_subset(&granted_set));
    for scope in &required_set {
        assert_eq!(granted.contains(scope), granted_set.contains(scope));
    }
    let key = Key { scopes: granted.as_str(), ..Key::new("key", Digest::of(b"token")) };
    assert_eq!(key.grants(required), required_set.is_subset(&granted_set));
}

fn body(refusal: Refusal, size: usize) {
    let body = buffers::exact(size, |buf| {
        let mut out = Cursor::new(buf);
        refusal.render_body(&mut out);
        out.finish().map(<[u8]>::to_vec).map_err(|error| error.needed)
    });
    assert_eq!(body.len(), refusal.body_len());
    assert_eq!(body, format!("{{\"detail\":\"{refusal}\"}}").into_bytes());
}

fn text(realm: Realm<&str>, refusal: Refusal, scopes: Scopes<&str>, size: usize) {
    let need = Requirement::new(AuthScheme::Bearer, realm, scopes);
    assert_eq!((need.realm(), need.scopes()), (realm, scopes));
    let Some(challenge) = need.challenge(refusal) else {
        assert!(
            matches!(refusal, Refusal::Unavailable | Refusal::CrossSite | Refusal::Throttled),
            "other credentials would not help"
        );
        return;
    };
    let text = buffers::exact(size, |buf| {
        let mut out = Cursor::new(buf);
        challenge.render(&mut out);
        out.finish().map(<[u8]>::to_vec).map_err(|error| error.needed)
    });
    assert_eq!(challenge.to_string().as_bytes(), text);
    wire::assert_value(std::str::from_utf8(&text).unwrap());

    let expected = expected_params(&need, refusal, None);
    assert_eq!(abnf::credentials(&text), Some((b"Bearer".to_vec(), Rest::Params(expected.clone()))));
    if text.len() <= Credentials::MAX_LEN {
        let again = Credentials::parse(&text).expect("challenges and credentials have one grammar");
        let params = again.params().map(|(name, value)| (name.into(), value.bytes().collect()));
        assert_eq!((again.scheme(), params.collect::<Vec<_>>()), ("Bearer", expected));
    }
}
