//! Challenges, and the grammar they share with credentials, against the parser of the `http-auth` crate.

use http_auth::ChallengeRef;
use sallet_core::auth::{
    Alternatives, AuthScheme, Credentials, CredentialsError, PlaceName, Realm, Refusal, Requirement, ResourceMetadata,
    Scopes,
};

use crate::challenge::{expected_params, refusal};
use crate::input;

/// The first byte chooses the refusal; then come a realm, scopes, the URL of a metadata document and a name for a word or field,
/// with bytes FF between. The same bytes are also read as a challenge of somebody else's.
pub fn challenge_against_http_auth(data: &[u8]) {
    if let Ok(text) = std::str::from_utf8(data) {
        of_others(text);
    }
    let Some((&choice, rest)) = data.split_first() else { return };
    let mut texts = input::texts(rest);
    let mut next = || texts.next().unwrap_or_default();
    let (realm, scopes, url, name) = (next(), next(), next(), next());
    if let (Ok(realm), Ok(scopes)) = (Realm::parse(&*realm), Scopes::parse(&*scopes)) {
        let need = |scheme| Requirement::new(scheme, realm, scopes);
        let mut needs: Vec<_> = AuthScheme::ALL.iter().map(|&scheme| (need(scheme), None)).collect();
        if let Ok(metadata) = ResourceMetadata::parse(&*url) {
            needs[0] = (needs[0].0.resource_metadata(metadata), Some(&*url));
        }
        if let Ok(name) = PlaceName::parse(&*name) {
            needs.push((need(AuthScheme::Bearer).by_word(name), None));
            needs.push((need(AuthScheme::ApiKey).in_field(name), None));
        }
        several(&needs, refusal(choice), usize::from(choice) / Refusal::ALL.len() % needs.len());
    }
}

/// Every challenge alone; those of one response, whose lines a proxy may join (RFC 9110 section 5.3); and both among others.
fn several(needs: &[(Requirement<&str>, Option<&str>)], refusal: Refusal, decided: usize) {
    let mean = |need: &Requirement<&str>, refusal, url| (need.word().to_owned(), expected_params(need, refusal, url));
    for (need, url) in needs {
        let Some(challenge) = need.challenge(refusal) else { return };
        assert_eq!(read(&challenge.to_string()), [mean(need, refusal, *url)]);
    }
    let all: Vec<_> = needs.iter().map(|(need, _)| *need).collect();
    // A name may make two of them the same.
    let Ok(either) = Alternatives::try_new(all.as_slice()) else { return };
    for decided in [None, Some(decided)] {
        let lines: Vec<_> = either.challenges(decided, refusal).map(|challenge| challenge.to_string()).collect();
        let named = needs.iter().enumerate().filter_map(|(at, (need, url))| match decided {
            Some(decided) if decided != at => (refusal.status() == 401).then(|| mean(need, Refusal::Missing, *url)),
            _ => Some(mean(need, refusal, *url)),
        });
        let named: Vec<_> = named.collect();
        assert_eq!(lines.iter().flat_map(|line| read(line)).collect::<Vec<_>>(), named);
        let joined = format!("Negotiate, {}, Digest realm=\"x\"", lines.join(", "));
        let found = read(&joined);
        assert_eq!(found.first().map(|one| &*one.0), Some("Negotiate"), "{joined}");
        assert_eq!(found[1..found.len() - 1], named, "{joined}");
    }
}

fn read(text: &str) -> Vec<Meaning> {
    http_auth::parse_challenges(text).expect("well-formed").iter().map(meaning).collect()
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
