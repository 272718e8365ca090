//! Basic credentials against the decoder of the crate `base64` and RFC 7617 section 2, read line by line.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sallet_core::auth::{
    AuthScheme, CredentialsError, Realm, Reason, RequestFields, Requirement, Scopes, user_and_password,
};

/// What has room in the core.
const LONGEST: usize = 1024;

/// The bytes as what follows `Basic `, and as the pair that is encoded there.
pub fn basic(data: &[u8]) {
    let written = [b"Basic ", data].concat();
    if let Some((scheme, crate::abnf::Rest::Token68(token))) =
        crate::abnf::credentials(crate::abnf::field_value(&written))
    {
        assert_eq!(scheme, b"Basic");
        let expected = pair(&token);
        // Which of the two is said first of a long text that is not base64 does not matter.
        match read(&written) {
            Err(Reason::Malformed(CredentialsError::TooLong)) => assert!(token.len() > LONGEST),
            found => assert_eq!(found, expected.map_err(Reason::Malformed)),
        }
    } else {
        assert!(matches!(read(&written), Err(Reason::Malformed(_))), "{}", written.escape_ascii());
    }

    let token = STANDARD.encode(data);
    let line = format!("bAsIc  {token}");
    assert_eq!(
        read(line.as_bytes()),
        pair(token.as_bytes()).map_err(Reason::Malformed).or_else(nothing_for_nobody(data))
    );
    // One pair has one spelling.
    for other in
        [token.trim_end_matches('=').to_owned(), format!("{token}="), token.replace('+', "-"), spare_bit(&token)]
    {
        if other != token && !other.is_empty() {
            let found = read(format!("Basic {other}").as_bytes());
            assert!(matches!(found, Err(Reason::Malformed(_))), "{other} is read as {found:?}");
        }
    }
}

/// Of no bytes the encoding is empty, and no token is there.
fn nothing_for_nobody(data: &[u8]) -> impl Fn(Reason) -> Result<String, Reason> {
    let nobody = data.is_empty();
    move |reason| Err(if nobody { Reason::Malformed(CredentialsError::NoToken) } else { reason })
}

/// The same bytes with a bit set after the last one, which a lenient decoder would not see.
fn spare_bit(token: &str) -> String {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let body = token.trim_end_matches('=');
    match body.as_bytes().split_last() {
        Some((last, rest)) if body.len() < token.len() => {
            let at = ALPHABET.iter().position(|byte| byte == last).unwrap();
            let text: Vec<_> = [rest, &[ALPHABET[at | 1]], &token.as_bytes()[body.len()..]].concat();
            String::from_utf8(text).unwrap()
        }
        _ => token.to_owned(),
    }
}

/// What a token68 stands for.
pub(crate) fn pair(token: &[u8]) -> Result<String, CredentialsError> {
    let bytes = STANDARD.decode(token).map_err(|_| CredentialsError::Base64)?;
    if bytes.len() > LONGEST {
        return Err(CredentialsError::TooLong);
    }
    let pair = String::from_utf8(bytes).map_err(|_| CredentialsError::Charset)?;
    if pair.split(':').count() < 2 {
        return Err(CredentialsError::Colon);
    }
    // Cc of Unicode: C0, DEL and C1.
    if pair.chars().any(|c| matches!(u32::from(c), 0..=0x1f | 0x7f..=0x9f)) {
        return Err(CredentialsError::Control);
    }
    Ok(pair)
}

fn read(line: &[u8]) -> Result<String, Reason> {
    let need = Requirement::new(AuthScheme::Basic, Realm::new("items"), Scopes::EMPTY);
    need.read(&RequestFields::new("GET", &[("authorization", line)]), |pair| {
        let (user, password) = user_and_password(pair).expect("there is a colon");
        assert!(!user.contains(':') && format!("{user}:{password}") == pair);
        pair.to_owned()
    })
}
