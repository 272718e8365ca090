//! Challenges, and the grammar they share with credentials, against the parser of the `http-auth` crate.

use http_auth::ChallengeRef;
use sallet_core::auth::{AuthScheme, Credentials, CredentialsError, Realm, Requirement, Scopes};

use crate::challenge::{expected_params, refusal};
use crate::input;

/// The first byte chooses the refusal; then come a realm and scopes, with a byte FF between. The same bytes are also
/// read as a challenge of somebody else's.
pub fn challenge_against_http_auth(data: &[u8]) {
    if let Ok(text) = std::str::from_utf8(data) {
        of_others(text);
    }
    let Some((&choice, rest)) = data.split_first() else { return };
    let mut texts = input::texts(rest);
    let (realm, scopes) = (texts.next().unwrap_or_default(), texts.next().unwrap_or_default());
    if let (Ok(realm), Ok(scopes)) = (Realm::parse(&*realm), Scopes::parse(&*scopes)) {
        let refusal = refusal(choice);
        let expected = expected_params(realm, refusal, scopes);
        let Some(challenge) = Requirement::new(AuthScheme::Bearer, realm, scopes).challenge(refusal) else { return };
        let text = challenge.to_string();
        let found = http_auth::parse_challenges(&text).expect("well-formed");
        assert_eq!(found.iter().map(meaning).collect::<Vec<_>>(), [("Bearer".to_owned(), expected.clone())]);

        // A proxy may join the field lines of several challenges (RFC 9110 section 5.3).
        let joined = format!("Negotiate, {text}, Basic realm=\"x\"");
        let found = http_auth::parse_challenges(&joined).expect("well-formed");
        let schemes: Vec<_> = found.iter().map(|challenge| challenge.scheme).collect();
        assert_eq!(schemes, ["Negotiate", "Bearer", "Basic"]);
        assert_eq!(meaning(&found[1]).1, expected);
    }
}

/// What is one challenge to `http-auth` is credentials to the core, with the same scheme and parameters.
fn of_others(text: &str) {
    let Ok(found) = http_auth::parse_challenges(text) else { return };
    let [challenge] = found.as_slice() else { return };
    // Its list of challenges may begin with empty elements; the core reads a single one.
    if !text.trim_start_matches([' ', '\t']).starts_with(challenge.scheme) {
        return;
    }
    let expected = meaning(challenge);
    match Credentials::parse(text.as_bytes()) {
        Ok(found) => {
            let params = found.params().map(|(name, value)| (name.into(), value.bytes().collect())).collect();
            assert_eq!((found.scheme().to_owned(), params), expected);
        }
        Err(CredentialsError::DuplicateParam | CredentialsError::TooManyParams | CredentialsError::TooLong) => {}
        // `X,` and `X ,`: to the core a list needs a parameter.
        Err(error) => assert!(challenge.params.is_empty(), "{text:?}: {error}"),
    }
}

type Meaning = (String, Vec<(Vec<u8>, Vec<u8>)>);

fn meaning(challenge: &ChallengeRef<'_>) -> Meaning {
    let params =
        challenge.params.iter().map(|(name, value)| (name.as_bytes().to_vec(), value.to_unescaped().into_bytes()));
    (challenge.scheme.to_owned(), params.collect())
}
