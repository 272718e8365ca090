//! What `add-a-scheme.patch` adds to the core: another grammar, in a field of its own, of what browsers send by way of a proxy.

use sallet_core::auth::{AuthScheme, CredentialsError, Realm, Reason, Refusal, RequestFields, Requirement, Scopes};

const NEED: Requirement = Requirement::new(AuthScheme::JwtAssertion, Realm::new("foo"), Scopes::new("items:read"));
/// RFC 7519 section 3.1.
const GOOD: &[u8] = b"eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

fn read(method: &str, fields: &[(&str, &[u8])]) -> Result<String, Reason> {
    NEED.read(&RequestFields::new(method, fields), str::to_owned)
}

#[test]
fn three_parts_of_base64url_and_a_signature() {
    let line = |line: &[u8]| read("GET", &[("x-jwt-assertion", line)]);
    assert_eq!(line(GOOD).unwrap().as_bytes(), GOOD);
    // A detached payload (RFC 7515 appendix F).
    assert_eq!(line(b"e30..c2ln").unwrap(), "e30..c2ln");
    // Not secured (RFC 7519 section 6.1), encrypted (RFC 7516 section 7.1), and others that are none.
    for bad in ["eyJhbGciOiJub25lIn0.e30.", "a.b.c.d.e", "a.b", "a", ".b.c", "a.b+.c", "a.b.c=", "a.b.\u{e9}"] {
        assert_eq!(line(bad.as_bytes()), Err(Reason::Malformed(CredentialsError::Value)), "{bad}");
    }
    assert_eq!(line(b""), Err(Reason::Malformed(CredentialsError::NoToken)));
    assert_eq!(read("GET", &[("authorization", b"Bearer a.b.c")]), Err(Reason::Missing));
    let twice = [("x-jwt-assertion", GOOD), ("x-jwt-assertion", GOOD)];
    assert_eq!(read("GET", &twice), Err(Reason::Malformed(CredentialsError::Repeated)));
}

#[test]
fn what_a_browser_sends_for_another_site_is_refused() {
    let other = [("x-jwt-assertion", GOOD), ("sec-fetch-site", b"cross-site")];
    assert_eq!(read("POST", &other), Err(Reason::CrossSite));
    assert!(read("GET", &other).is_ok());
}

#[test]
fn the_challenge_names_the_field() {
    for refusal in [Refusal::Missing, Refusal::InvalidToken, Refusal::InsufficientScope] {
        let challenge = NEED.challenge(refusal).unwrap().to_string();
        assert_eq!(challenge, r#"JwtAssertion realm="foo", header="X-JWT-Assertion""#, "{refusal:?}");
    }
}
