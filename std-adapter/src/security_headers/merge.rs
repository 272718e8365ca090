//! Joining the app's own headers with the policy's.

use std::mem;

use http::header::{CACHE_CONTROL, Entry};
use http::{HeaderMap, HeaderName, HeaderValue};
use sallet_core::allows_sharing;

use super::field_set::{FieldSet, NonceFields};

/// Who wins, and what goes.
#[derive(Debug, Clone)]
pub(super) struct Rules {
    /// The policy's header replaces the app's.
    pub(super) overriding: bool,
    /// Headers that the app may not send.
    pub(super) remove: Vec<HeaderName>,
}

pub(super) fn merge(headers: &mut HeaderMap, set: &FieldSet, nonce: NonceFields<'_>, rules: &Rules) {
    let shareable = set.needs_nonce() && !rules.overriding && is_shareable(headers, &rules.remove);
    // Either can be put into the other. An app's few fields into a copy of the policy's map is the usual case, and the fast
    // one: a copy hashes no name. But an app's field costs more there than a policy's costs here.
    if 3 * headers.keys_len() <= 2 * set.len() {
        let own = mem::replace(headers, set.filled(nonce));
        put_own(headers, own, set, rules);
    } else {
        for name in &rules.remove {
            headers.remove(name);
        }
        put_policy(headers, set, nonce, rules.overriding);
    }
    if shareable {
        // A second line joins the app's list, and caches obey the strictest directive (RFC 9111, section 4.2.1).
        headers.append(CACHE_CONTROL, HeaderValue::from_static("private"));
    }
}

/// Puts the policy's fields among the app's.
fn put_policy(headers: &mut HeaderMap, set: &FieldSet, nonce: NonceFields<'_>, overriding: bool) {
    headers.reserve(set.len());
    for (name, value) in &set.fixed {
        match headers.entry(name) {
            Entry::Vacant(entry) => {
                entry.insert(value.clone());
            }
            Entry::Occupied(mut entry) if overriding => {
                entry.insert(value.clone());
            }
            Entry::Occupied(_) => {}
        }
    }
    for field in &set.with_nonce {
        // The app's goes even where none is sent in its place.
        if overriding {
            headers.remove(&field.name);
        }
        if !headers.contains_key(&field.name)
            && let Some(value) = field.value(nonce)
        {
            headers.insert(field.name.clone(), value);
        }
    }
}

/// Puts the app's fields among the policy's.
fn put_own(headers: &mut HeaderMap, own: HeaderMap, set: &FieldSet, rules: &Rules) {
    let goes = |name: &HeaderName| rules.remove.contains(name) || (rules.overriding && set.contains(name));
    if own.len() == own.keys_len() {
        for (name, value) in own {
            if let Some(name) = name
                && !goes(&name)
            {
                headers.insert(name, value);
            }
        }
        return;
    }
    // The second and further values of a name come without it.
    let mut repeated = None;
    for (name, value) in own {
        match name {
            Some(name) if goes(&name) => repeated = None,
            Some(name) => {
                headers.insert(&name, value);
                repeated = Some(name);
            }
            None => {
                if let Some(name) = &repeated {
                    headers.append(name, value);
                }
            }
        }
    }
}

/// Whether the app has ruled caching in a way that lets shared caches keep the response.
fn is_shareable(headers: &HeaderMap, remove: &[HeaderName]) -> bool {
    !remove.contains(&CACHE_CONTROL) && allows_sharing(headers.get_all(CACHE_CONTROL).iter().map(HeaderValue::as_bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Nonce;
    use crate::security_headers::field_set::Plan;
    use sallet_core::{CacheControl, ContentSecurityPolicy, Directive, Scheme, SecurityHeaders, Source};

    const NAMES: [&str; 7] = [
        "x-frame-options",
        "content-security-policy",
        "cache-control",
        "server",
        "x-powered-by",
        "set-cookie",
        "content-type",
    ];

    const POLICIES: [SecurityHeaders<'static>; 3] = [
        SecurityHeaders::STRICT,
        SecurityHeaders::EMPTY
            .content_security_policy(Some(ContentSecurityPolicy::new(&[Directive::script_src(&[Source::NONCE])]))),
        SecurityHeaders::EMPTY.cache_control(Some(CacheControl::NO_STORE)),
    ];

    /// Where a nonce goes, as the core renders it.
    const PLACEHOLDER: &str = "{one-for-each-request}";

    /// What the rules say, word by word. The policy is as the core renders it.
    fn model(own: &HeaderMap, policy: &[(String, String)], nonce: NonceFields<'_>, rules: &Rules) -> HeaderMap {
        let mut merged = HeaderMap::new();
        for (name, value) in own {
            let overridden = rules.overriding && policy.iter().any(|(known, _)| name.as_str() == known);
            if !overridden && !rules.remove.contains(name) {
                merged.append(name, value.clone());
            }
        }
        let needs_nonce = policy.iter().any(|(_, value)| value.contains(PLACEHOLDER));
        let shareable = merged.contains_key(CACHE_CONTROL)
            && !merged.get_all(CACHE_CONTROL).iter().any(|line| line == "private" || line == "no-store");
        if needs_nonce && !rules.overriding && shareable {
            merged.append(CACHE_CONTROL, HeaderValue::from_static("private"));
        }
        for (name, value) in policy {
            let value = match nonce {
                NonceFields::LeftOff if value.contains(PLACEHOLDER) => continue,
                NonceFields::Filled(nonce) => value.replace(PLACEHOLDER, nonce.as_str()),
                NonceFields::LeftOff | NonceFields::Unfilled => value.clone(),
            };
            if !merged.contains_key(name) {
                merged.insert(HeaderName::try_from(name).unwrap(), HeaderValue::try_from(value).unwrap());
            }
        }
        merged
    }

    fn values<'m>(map: &'m HeaderMap, name: &HeaderName) -> Vec<&'m HeaderValue> {
        map.get_all(name).iter().collect()
    }

    /// Every app that sends each of seven names no, one or two times, with few further fields and with many.
    #[test]
    fn every_small_app_gets_what_the_rules_say() {
        let nonce = Nonce::new([7; 16]);
        for policy in POLICIES {
            let set = Plan::new(&policy).unwrap();
            let set = set.over(Scheme::Https);
            let rendered = policy.check().unwrap().over(Scheme::Https);
            let rendered: Vec<_> =
                rendered.fields().map(|field| (field.name().to_owned(), field.to_string())).collect();
            let nonces: &[_] = match set.needs_nonce() {
                true => &[NonceFields::Filled(&nonce), NonceFields::Unfilled, NonceFields::LeftOff],
                false => &[NonceFields::Unfilled],
            };
            for overriding in [false, true] {
                let all = [HeaderName::from_static("server"), HeaderName::from_static("x-powered-by"), CACHE_CONTROL];
                for remove in [all[..2].to_vec(), all.to_vec()] {
                    let rules = Rules { overriding, remove };
                    for (code, more) in (0..3_usize.pow(7)).flat_map(|code| [(code, 0), (code, 20)]) {
                        let own = app(code, more);
                        for &nonce in nonces {
                            let mut merged = own.clone();
                            merge(&mut merged, set, nonce, &rules);
                            same(&merged, &model(&own, &rendered, nonce, &rules), &own);
                        }
                    }
                }
            }
        }
    }

    fn app(code: usize, more: usize) -> HeaderMap {
        let mut own = HeaderMap::new();
        for (at, name) in NAMES.iter().enumerate() {
            for line in 0..(code / 3_usize.pow(u32::try_from(at).unwrap()) % 3) {
                let value = ["public", "private"][(line + code) % 2];
                own.append(*name, HeaderValue::from_static(value));
            }
        }
        for at in 0..more {
            own.append(HeaderName::try_from(format!("x-{at}")).unwrap(), HeaderValue::from_static("more"));
        }
        own
    }

    fn same(merged: &HeaderMap, expected: &HeaderMap, own: &HeaderMap) {
        assert_eq!(merged.len(), expected.len(), "{own:?}: {merged:?}");
        for name in expected.keys() {
            assert_eq!(values(merged, name), values(expected, name), "{own:?}");
        }
    }

    #[test]
    fn without_entropy_the_nonce_matches_no_script() {
        let plan = Plan::new(&POLICIES[1]).unwrap();
        let mut headers = HeaderMap::new();
        let rules = Rules { overriding: false, remove: vec![] };
        merge(&mut headers, plan.over(Scheme::Https), NonceFields::Unfilled, &rules);
        assert_eq!(headers["content-security-policy"], "script-src 'nonce-{one-for-each-request}'");
        assert_eq!(headers["cache-control"], "private");
    }
}
