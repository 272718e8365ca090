//! Every scheme, every place where its credentials may stand, and every pair of schemes.

use sallet_core::auth::{
    Alternatives, AlternativesError, AuthScheme, CredentialsError, Place, PlaceName, Realm, Reason, Refusal,
    RequestFields, Requirement, Scopes, user_and_password,
};
use sallet_core::merge::Privacy;

const fn need(scheme: AuthScheme) -> Requirement {
    Requirement::new(scheme, Realm::new("items"), Scopes::EMPTY)
}

const BEARER: Requirement = need(AuthScheme::Bearer);
const BASIC: Requirement = need(AuthScheme::Basic);
const KEY: Requirement = need(AuthScheme::ApiKey);

fn read(need: &Requirement, method: &str, fields: &[(&str, &str)], query: Option<&str>) -> Result<String, Reason> {
    let fields: Vec<_> = fields.iter().map(|&(name, value)| (name, value.as_bytes())).collect();
    let request = RequestFields::new(method, &fields);
    let request = query.map_or(request, |query| request.with_query(query.as_bytes()));
    need.read(&request, str::to_owned)
}

const fn malformed(error: CredentialsError) -> Result<String, Reason> {
    Err(Reason::Malformed(error))
}

#[test]
fn basic_is_strict() {
    let basic = |value: &str| read(&BASIC, "GET", &[("authorization", value)], None);
    let good = |pair: &str| Ok(pair.to_owned());
    // RFC 7617 sections 2 and 2.1.
    assert_eq!(basic("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="), good("Aladdin:open sesame"));
    assert_eq!(basic("basic dGVzdDoxMjPCow=="), good("test:123£"));
    // Nobody and nothing; the first colon ends the user; a password of colons.
    assert_eq!(basic("Basic Og=="), good(":"));
    assert_eq!(basic("Basic YTo6"), good("a::"));
    assert_eq!(user_and_password("a::"), Some(("a", ":")));
    for (text, error) in [
        ("", CredentialsError::NoToken),
        ("QWxhZGRpbg==", CredentialsError::Colon),
        ("QWxhZGRpbjpvcGVuIHNlc2FtZQ", CredentialsError::Base64),
        ("QWxhZGRpbjpvcGVuIHNlc2FtZQ=", CredentialsError::Base64),
        // Another spelling of the same bytes: a bit set beyond the last.
        ("QWxhZGRpbjpvcGVuIHNlc2FtZR==", CredentialsError::Base64),
        // The alphabet of URLs.
        ("YTr-_w==", CredentialsError::Base64),
        // Latin-1: 0xa3 alone.
        ("dGVzdDoxMjOj", CredentialsError::Charset),
        ("YTpiCg==", CredentialsError::Control),
        ("YQA6Yg==", CredentialsError::Control),
        // U+0085, a control character of Unicode's.
        ("YTrChQ==", CredentialsError::Control),
        ("a b", CredentialsError::Value),
        ("user=\"a\"", CredentialsError::NoToken),
    ] {
        assert_eq!(basic(&format!("Basic {text}")), malformed(error), "{text}");
    }
    assert_eq!(basic("Bearer QWxhZGRpbjpvcGVuIHNlc2FtZQ=="), Err(Reason::Missing));
    assert_eq!(basic(&format!("Basic {}", "YTph".repeat(341))).unwrap().len(), 1023);
    assert_eq!(basic(&format!("Basic {}", "YTph".repeat(342))), malformed(CredentialsError::TooLong));
}

#[test]
fn a_browser_cannot_be_made_to_use_its_basic_credentials() {
    const GOOD: (&str, &str) = ("authorization", "Basic YTpi");
    const OTHER: (&str, &str) = ("sec-fetch-site", "cross-site");
    assert_eq!(read(&BASIC, "POST", &[GOOD, OTHER], None), Err(Reason::CrossSite));
    assert_eq!(Reason::CrossSite.refusal().status(), 403);
    assert!(BASIC.challenge(Refusal::CrossSite).is_none());
    assert!(read(&BASIC, "GET", &[GOOD, OTHER], None).is_ok());
    assert!(read(&BASIC.cross_site(true), "POST", &[GOOD, OTHER], None).is_ok());
    // Who shows none is asked for them, and what no browser sends by itself no page can use.
    assert_eq!(read(&BASIC, "POST", &[OTHER], None), Err(Reason::Missing));
    assert!(read(&BEARER, "POST", &[("authorization", "Bearer x"), OTHER], None).is_ok());
    assert!(read(&KEY, "POST", &[("x-api-key", "x"), OTHER], None).is_ok());
}

#[test]
fn an_api_key_is_the_whole_line() {
    let key = |lines: &[&str]| {
        let fields: Vec<_> = lines.iter().map(|&line| ("X-Api-Key", line)).collect();
        read(&KEY, "GET", &fields, None)
    };
    assert_eq!(key(&[" sk-live_a.b/c==\t"]), Ok("sk-live_a.b/c==".into()));
    assert_eq!(key(&["{\"quoted\"}"]), Ok("{\"quoted\"}".into()));
    assert_eq!(key(&[]), Err(Reason::Missing));
    assert_eq!(key(&[""]), malformed(CredentialsError::NoToken));
    assert_eq!(key(&["a", "a"]), malformed(CredentialsError::Repeated));
    for bad in ["a b", "a\u{e9}", "a\u{7f}", "a\0"] {
        assert_eq!(key(&[bad]), malformed(CredentialsError::Value), "{bad:?}");
    }
    assert!(key(&[&"k".repeat(8192)]).is_ok());
    assert_eq!(key(&[&"k".repeat(8193)]), malformed(CredentialsError::TooLong));
    // In Authorization, with no word before it.
    let bare = KEY.in_field(PlaceName::new("Authorization"));
    assert_eq!(read(&bare, "GET", &[("authorization", "abc")], None), Ok("abc".into()));
    assert_eq!(read(&bare, "GET", &[("authorization", "Bearer abc")], None), malformed(CredentialsError::Value));
}

#[test]
fn a_token_may_be_in_other_places_that_are_named() {
    let named = BEARER.in_subprotocol(PlaceName::new("bearer")).in_query(PlaceName::new("access_token"));
    let upgrade = ("upgrade", "websocket");
    let pair = ("sec-websocket-protocol", "chat, bearer, abc");
    assert_eq!(read(&named, "GET", &[upgrade, pair], None), Ok("abc".into()));
    assert_eq!(read(&named, "GET", &[pair], None), Err(Reason::Missing), "no handshake");
    assert_eq!(read(&BEARER, "GET", &[upgrade, pair], None), Err(Reason::Missing), "not asked for");
    assert_eq!(read(&named, "GET", &[], Some("a=b&access_token=ab%2Fc%3D")), Ok("ab/c=".into()));
    assert_eq!(read(&BEARER, "GET", &[], Some("access_token=abc")), Err(Reason::Missing));
    assert_eq!(read(&named, "GET", &[], Some("access_token=")), malformed(CredentialsError::NoToken));
    assert_eq!(read(&named, "GET", &[], Some("access_token=a%20b")), malformed(CredentialsError::Value));
    assert_eq!(
        read(&named, "GET", &[upgrade, ("sec-websocket-protocol", "bearer")], None),
        malformed(CredentialsError::NoToken)
    );
    // RFC 6750 section 2: no more than one way.
    let header = ("authorization", "Bearer abc");
    let both = [
        (&[upgrade, pair, header][..], None),
        (&[header], Some("access_token=abc")),
        (&[upgrade, pair], Some("access_token=abc")),
    ];
    for (fields, query) in both {
        assert_eq!(read(&named, "GET", fields, query), malformed(CredentialsError::Repeated), "{fields:?}");
    }
    let long = "a".repeat(9000);
    let query = format!("access_token={long}");
    assert_eq!(read(&named, "GET", &[], Some(&query)), malformed(CredentialsError::TooLong));
    assert_eq!(read(&named.with_max_length(10_000), "GET", &[], Some(&query)), Ok(long.clone()));
    assert_eq!(
        read(&BEARER.with_max_length(10_000), "GET", &[("authorization", &format!("Bearer {long}"))], None),
        Ok(long)
    );
}

#[test]
fn caches_know_of_authorization_and_of_nothing_else() {
    let named = BEARER.in_subprotocol(PlaceName::new("bearer")).in_query(PlaceName::new("t"));
    let place = |need: &Requirement, fields: &[(&str, &[u8])]| {
        let request = RequestFields::new("GET", fields).with_query(b"t=x");
        (need.place(&request), need.privacy(&request))
    };
    assert_eq!(place(&BEARER, &[("authorization", b"Bearer x")]), (Some(Place::Field), Privacy::UnlessShared));
    assert_eq!(place(&BASIC, &[("authorization", b"Basic YTpi")]), (Some(Place::Field), Privacy::UnlessShared));
    assert_eq!(place(&KEY, &[("x-api-key", b"x")]), (Some(Place::Field), Privacy::Always));
    assert_eq!(place(&named, &[]), (Some(Place::Query), Privacy::Always));
    let elsewhere = BEARER.in_field(PlaceName::new("X-Forwarded-Authorization"));
    assert_eq!(place(&elsewhere, &[("x-forwarded-authorization", b"Bearer x")]), (Some(Place::Field), Privacy::Always));
}

/// A credential for a scheme, good or bad: bad ones decide as well.
const fn credential(need: Requirement, good: bool) -> (&'static str, &'static str) {
    match (need.scheme(), good) {
        (AuthScheme::Bearer, true) => ("authorization", "Bearer abc"),
        (AuthScheme::Bearer, false) => ("authorization", "Bearer a b"),
        (AuthScheme::Basic, true) => ("authorization", "Basic YTpi"),
        (AuthScheme::Basic, false) => ("authorization", "Basic YTpi="),
        (_, true) => ("x-api-key", "abc"),
        (_, false) => ("x-api-key", "a b"),
    }
}

#[test]
fn the_first_whose_credential_is_there_decides() {
    let schemes = [BEARER, BASIC, KEY];
    for (a, b) in schemes.iter().flat_map(|&a| schemes.map(|b| (a, b))).filter(|(a, b)| a != b) {
        let either = Alternatives::try_new(vec![a.owned::<String>(), b.owned::<String>()]).unwrap();
        let which = |fields: &[(&str, &str)]| {
            let fields: Vec<_> = fields.iter().map(|&(name, value)| (name, value.as_bytes())).collect();
            either.which(&RequestFields::new("GET", &fields))
        };
        assert_eq!(which(&[]), None);
        assert_eq!(which(&[("authorization", "Digest username=\"x\"")]), None);
        // Nobody's word, and not to be read: the first that would have to.
        let reads_it = [a, b].iter().position(|need| need.field() == "authorization").unwrap();
        assert_eq!(which(&[("authorization", "Digest a b")]), Some(reads_it));
        for good in [true, false] {
            // A line that cannot be read too: its word says whose it is.
            assert_eq!(which(&[credential(b, good)]), Some(1), "{a:?} {b:?} {good}");
            assert_eq!(which(&[credential(a, good)]), Some(0), "{a:?} {b:?} {good}");
            if a.field() == b.field() {
                continue;
            }
            for other in [true, false] {
                for fields in [[credential(a, good), credential(b, other)], [credential(b, other), credential(a, good)]]
                {
                    assert_eq!(which(&fields), Some(0), "{fields:?}");
                }
            }
        }
        let twice = [("authorization", "Bearer abc"), ("authorization", "Basic YTpi"), ("x-api-key", "abc")];
        assert_eq!(which(&twice), Some(reads_it), "{a:?} {b:?}");
        assert_eq!(read(&[a, b][reads_it], "GET", &twice, None), malformed(CredentialsError::Repeated));
    }
}

/// A field of another scheme's is no reason to pass by what is in the query.
#[test]
fn the_first_may_have_its_credential_elsewhere() {
    let either = Alternatives::try_new([BEARER.in_query(PlaceName::new("t")), BASIC].to_vec()).unwrap();
    let fields = [("authorization", &b"Basic YTpi"[..])];
    let request = RequestFields::new("GET", &fields);
    assert_eq!((either.which(&request.with_query(b"t=x")), either.which(&request)), (Some(0), Some(1)));
}

#[test]
fn challenges_of_alternatives() {
    let either = Alternatives::try_new([BEARER.with_scopes(Scopes::new("a")), BASIC, KEY].to_vec()).unwrap();
    let texts = |decided, refusal| either.challenges(decided, refusal).map(|one| one.to_string()).collect::<Vec<_>>();
    let (bearer, basic, key) = (
        r#"Bearer realm="items", scope="a""#,
        r#"Basic realm="items", charset="UTF-8""#,
        r#"ApiKey realm="items", header="X-API-Key""#,
    );
    assert_eq!(texts(None, Refusal::Missing), [bearer, basic, key]);
    assert_eq!(texts(Some(1), Refusal::InvalidToken), [bearer, basic, key]);
    let wrong = r#"Bearer realm="items", error="invalid_token", scope="a""#;
    assert_eq!(texts(Some(0), Refusal::InvalidToken), [wrong, basic, key]);
    assert_eq!(
        texts(Some(0), Refusal::InsufficientScope),
        [r#"Bearer realm="items", error="insufficient_scope", scope="a""#]
    );
    assert_eq!(texts(Some(2), Refusal::Malformed(CredentialsError::Repeated)), [key]);
    assert!(texts(Some(1), Refusal::CrossSite).is_empty() && texts(Some(0), Refusal::Unavailable).is_empty());
}

#[test]
fn what_are_no_alternatives() {
    let error = |needs: &[Requirement]| Alternatives::try_new(needs.to_vec()).err();
    assert_eq!(error(&[]), Some(AlternativesError::Empty));
    let token = BEARER.by_word(PlaceName::new("Token"));
    let bare = KEY.in_field(PlaceName::new("authorization"));
    for same in
        [[BEARER, BEARER], [BEARER, BASIC.by_word(PlaceName::new("bearer"))], [KEY, KEY], [BASIC, bare], [bare, BEARER]]
    {
        assert_eq!(error(&same), Some(AlternativesError::SameCredential), "{same:?}");
    }
    let (a, b) = (PlaceName::new("a"), PlaceName::new("b"));
    assert_eq!(error(&[BEARER.in_query(a), token.in_query(a)]), Some(AlternativesError::SameCredential));
    assert_eq!(error(&[BEARER.in_subprotocol(a), KEY.in_subprotocol(a)]), Some(AlternativesError::SameCredential));
    for two in
        [[BEARER, token], [BEARER.in_query(a), token.in_query(b)], [KEY, KEY.in_field(PlaceName::new("X-Other"))]]
    {
        assert_eq!(error(&two), None, "{two:?}");
    }
}
