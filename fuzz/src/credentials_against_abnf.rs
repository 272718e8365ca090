//! The core's parser of credentials against the grammar itself.

use sallet_core::auth::{AuthScheme, Credentials, Realm, Reason, RequestFields, Requirement, Scopes};

use crate::abnf::{self, Rest};

/// One field value. The core takes what the grammar takes, and reads it as the grammar does, save for the departures
/// that the docs of `Credentials` name.
pub fn credentials_against_abnf(data: &[u8]) {
    let value = abnf::field_value(data);
    let expected = abnf::credentials(value).filter(|(_, rest)| data.len() <= 8192 && abnf::is_within_limits(rest));
    let found = Credentials::parse(data).ok().map(|credentials| {
        let params: Vec<_> =
            credentials.params().map(|(name, value)| (name.as_bytes().to_vec(), value.bytes().collect())).collect();
        let rest = match credentials.token68() {
            Some(token) => Rest::Token68(token.as_bytes().to_vec()),
            None if params.is_empty() => Rest::None,
            None => Rest::Params(params),
        };
        (credentials.scheme().as_bytes().to_vec(), rest)
    });
    assert_eq!(found, expected);

    let bearer = abnf::bearer_credentials(value).filter(|_| data.len() <= 8192);
    let need = Requirement::new(AuthScheme::Bearer, Realm::new("items"), Scopes::EMPTY);
    match need.read(&RequestFields::new("GET", &[("authorization", data)]), |token| {
        assert_eq!(Some(token.as_bytes()), bearer);
    }) {
        Ok(()) => {}
        Err(reason) => {
            assert_eq!(bearer, None);
            let other = expected.is_some_and(|(scheme, _)| !scheme.eq_ignore_ascii_case(b"Bearer"));
            assert_eq!(reason == Reason::Missing, other, "well-formed credentials of another scheme are none of ours");
        }
    }
}
