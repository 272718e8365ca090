use sallet_core::Cursor;
use sallet_core::auth::*;
use sallet_core::digest_hex;
use sallet_core::secret::Digest;

use crate::{prints, speaks, unknown};

const ABC: Digest = digest_hex!("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
static KEYS: Keyring = Keyring::new(&[
    Key::new("old", digest_hex!("3c469e9d6c5875d37a43f353d4f88e61fcf812c66eee3457465a40b0da4153e0")).not_after(1),
    Key::new("abc", ABC).principal("alice").scopes("items:read").not_before(10),
]);
const READ: Scopes = Scopes::new("items:read");
const ANYBODY: Requirement = Requirement::new(AuthScheme::Bearer, Realm::new("items"), Scopes::EMPTY);

pub fn works() -> bool {
    credentials() && keys() && rings() && answers() && scopes() && errors()
}

fn credentials() -> bool {
    let bearer = Credentials::parse(unknown("Bearer abc").as_bytes());
    let digest = Credentials::parse(unknown("Digest realm=\"a\\\"b\", qop=auth").as_bytes());
    let long = [b'a'; Credentials::MAX_LEN + 1];
    let twice = [unknown("Bearer abc").as_bytes(); 2];
    bearer.is_ok_and(|c| c.is("bearer") && Credentials::scheme(&c) == "Bearer" && c.token68() == Some("abc"))
        && digest.is_ok_and(|c| {
            let mut params: Params<'_> = c.params();
            let realm: Option<(&str, ParamValue<'_>)> = params.next();
            realm.is_some_and(|(name, value)| name == "realm" && value.bytes().eq(*b"a\"b")) && params.count() == 1
        })
        && Credentials::parse(&long).is_err_and(|error| error == CredentialsError::TooLong)
        && Credentials::single(twice).is_err_and(|error| error == CredentialsError::Repeated)
        && Credentials::MAX_PARAMS > 1
        && ANYBODY.read([unknown("bearer abc").as_bytes()], |token| token == "abc") == Ok(true)
}

fn owned(text: &str) -> heapless::String<8> {
    heapless::String::try_from(unknown(text)).unwrap_or_default()
}

fn keys() -> bool {
    let key: Key<&str> =
        Key { id: "k", principal: "p", scopes: "a b", not_before: Some(1), not_after: None, digest: ABC };
    let owned = Key {
        id: owned("k"),
        principal: owned("p"),
        scopes: owned("a b"),
        not_before: key.not_before,
        not_after: key.not_after,
        digest: key.digest,
    };
    let same: Key<&str> = Key::borrowed(&owned);
    (same.id, same.principal, same.scopes) == (key.id, key.principal, key.scopes)
        && owned.validate().is_ok()
        && owned.grants(Scopes::new("b"))
        && !owned.grants(READ)
}

fn rings() -> bool {
    let mut few = heapless::Vec::<Key, 2>::new();
    let pushed = few.extend_from_slice(KEYS.keys()).is_ok();
    let Ok(few) = Keyring::try_new(few) else { return false };
    let token = unknown("abc").as_bytes();
    pushed
        && few.verify(token, 10).is_ok_and(|key| key.principal == "alice")
        && few.verify(token, 9).is_err_and(|why| why == Reason::NotYetValid)
        && KEYS.verify(unknown("abd").as_bytes(), 10).is_err_and(|why| why == Reason::Unknown)
        && bool::from(KEYS.position(token).is_some())
        && ANYBODY.with_scopes(READ).verdict(&KEYS, [unknown("Bearer abc").as_bytes()], 10).is_ok()
        && ANYBODY.verdict(&KEYS, [], 10).is_err_and(|reason| reason.refusal() == Refusal::Missing)
}

fn answers() -> bool {
    let malformed = Refusal::Malformed(CredentialsError::Separator);
    let refusal = Refusal::InsufficientScope;
    let need: Requirement<&str> = Requirement::new(AuthScheme::Bearer, Realm::new(unknown("a\"b")), READ);
    let Some(challenge) = Requirement::challenge(&need, refusal) else { return false };
    let (mut buf, mut body) = ([0; 128], [0; 128]);
    let mut out = Cursor::new(&mut buf);
    challenge.render(&mut out);
    let text = r#"Bearer realm="a\"b", error="insufficient_scope", scope="items:read""#;
    let mut out_body = Cursor::new(&mut body);
    refusal.render_body(&mut out_body);
    out.finish() == Ok(text.as_bytes())
        && prints(challenge, text)
        && out_body.finish().is_ok_and(|body| body.len() == refusal.body_len())
        && (Refusal::status(refusal), Refusal::Missing.status(), malformed.status()) == (403, 401, 400)
        && Refusal::InvalidToken.error_code() == Some("invalid_token")
        && Refusal::ALL.get(Refusal::index(malformed)) == Some(&malformed)
        && need.challenge(Refusal::Unavailable).is_none()
        && (Requirement::scheme(&need), Requirement::field(&need)) == (AuthScheme::Bearer, "authorization")
        && (Requirement::realm(&need).as_str(), Requirement::scopes(&need)) == ("a\"b", READ)
        && AuthScheme::ALL.iter().any(|&scheme| AuthScheme::name(scheme) == "Bearer")
        && prints(refusal, refusal.detail())
        && (Challenge::FIELD, Refusal::FIELDS.len(), Refusal::CLOSE_CODE) == ("www-authenticate", 2, 1008)
        && Realm::parse(unknown("a\nb")).is_err()
        && Realm::as_str(&Realm::new("api")) == "api"
        && Realm::parse(owned("items")).is_ok_and(|realm| Realm::borrowed(&realm) == Realm::new("items"))
}

fn scopes() -> bool {
    let Ok(granted) = Scopes::parse(unknown("a b")) else { return false };
    let Ok(held) = Scopes::parse(owned("b a")) else { return false };
    granted.contains_all(Scopes::borrowed(&held))
        && granted.contains(unknown("b"))
        && granted.contains_all(Scopes::EMPTY)
        && granted.iter().count() == 2
        && Scopes::as_str(&granted) == "a b"
        && !Scopes::is_empty(&granted)
}

fn errors() -> bool {
    let rings = [
        KeyringError::Empty,
        KeyringError::Id,
        KeyringError::Principal,
        KeyringError::Scopes,
        KeyringError::Window,
        KeyringError::EmptyToken,
        KeyringError::DuplicateId,
        KeyringError::DuplicateToken,
    ];
    let grammar = [
        CredentialsError::Scheme,
        CredentialsError::Value,
        CredentialsError::DuplicateParam,
        CredentialsError::TooManyParams,
        CredentialsError::NoToken,
    ];
    rings.iter().all(|&error| speaks(error) && prints(error, KeyringError::message(error)))
        && grammar.iter().all(|error| CredentialsError::ALL.contains(error))
        && CredentialsError::ALL.iter().all(|&error| speaks(error) && prints(error, CredentialsError::message(error)))
        && [RealmError::Empty, RealmError::Character].iter().all(|&error| prints(error, RealmError::message(error)))
        && [ScopesError::Character, ScopesError::Separator]
            .iter()
            .all(|&error| prints(error, ScopesError::message(error)))
        && [Reason::Unknown, Reason::Expired, Reason::InsufficientScope, Reason::App(Refusal::Unavailable)]
            .iter()
            .all(|&reason| prints(reason, Reason::message(reason)))
}
