//! Which of several schemes judges a request, and what it reads there, against a reader that collects everything first and then
//! looks at it.

use percent_encoding::percent_decode;
use sallet_core::auth::{
    Alternatives, AlternativesError, AuthScheme, Place, PlaceName, Realm, Reason, Refusal, RequestFields, Requirement,
    Scopes, without_token,
};
use sallet_core::merge::Privacy;

use crate::abnf::{self, Rest};
use crate::basic;

/// Bytes FF separate the texts. The first is the set-up, a letter for each scheme; each of the others is a letter that says what
/// it is, and then that: `A` a line of `Authorization`, `K` of `X-API-Key`, `P` of `Sec-WebSocket-Protocol`, `U` of `Upgrade`, `F` of
/// `Sec-Fetch-Site`, `O` of `Origin`, `H` of `Host`, `M` the method, `Q` the query.
pub fn alternatives(data: &[u8]) {
    let mut texts = data.split(|&byte| byte == 0xff);
    let setup: Vec<_> =
        texts.next().unwrap_or_default().iter().filter_map(|letter| Asked::of(*letter)).take(4).collect();
    let texts: Vec<_> = texts.filter_map(<[u8]>::split_first).collect();
    let all = |letter: u8| {
        texts.iter().filter(move |(first, _)| **first == letter).map(|(_, text)| *text).collect::<Vec<_>>()
    };
    let method = all(b'M').last().and_then(|text| std::str::from_utf8(text).ok()).unwrap_or("GET");
    let query = all(b'Q').last().copied();
    let sent = Sent {
        method,
        query,
        authorization: all(b'A'),
        key: all(b'K'),
        subprotocols: all(b'P'),
        upgrade: all(b'U'),
        site: all(b'F'),
        origin: all(b'O'),
        host: all(b'H'),
    };
    let lines = texts.iter().filter_map(|(letter, text)| Some((field(**letter)?, *text)));
    let lines: Vec<_> = lines.collect();
    let request = RequestFields::new(method, &lines);
    let request = query.map_or(request, |query| request.with_query(query));

    let needs: Vec<_> = setup.iter().map(Asked::need).collect();
    for (asked, need) in setup.iter().zip(&needs) {
        reads(asked, need, &sent, &request);
    }
    let either = Alternatives::try_new(needs.as_slice());
    let same = |at: usize| setup[..at].iter().any(|earlier| earlier.reads_as(&setup[at]));
    match either {
        Err(AlternativesError::Empty) => assert!(setup.is_empty()),
        Err(_) => assert!((0..setup.len()).any(same), "{setup:?} differ"),
        Ok(either) => {
            assert!(!setup.is_empty() && !(0..setup.len()).any(same), "{setup:?} read the same");
            let decides = either.which(&request);
            assert_eq!(decides, which(&setup, &sent), "{setup:?} {sent:?}");
            for refusal in Refusal::ALL {
                challenges(&either, decides, refusal);
            }
        }
    }
    // What the app may see of the subprotocols.
    let offered = sent.offered();
    let kept =
        offered.iter().enumerate().filter(|&(at, one)| at == 0 || offered[at - 1] != b"bearer" || *one == b"bearer");
    assert!(without_token(&request, "bearer").eq(kept.map(|(_, one)| *one)));
}

fn field(letter: u8) -> Option<&'static str> {
    Some(match letter {
        b'A' => "Authorization",
        b'K' => "x-api-key",
        b'P' => "Sec-WebSocket-Protocol",
        b'U' => "upgrade",
        b'F' => "Sec-Fetch-Site",
        b'O' => "origin",
        b'H' => "Host",
        _ => return None,
    })
}

/// One scheme of a set-up.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Asked {
    Bearer,
    Token,
    Basic,
    BasicFromAnywhere,
    Key,
    BareKey,
    /// Bearer, known as `Sub`, in a subprotocol and in the query too.
    Everywhere,
    /// A key in the query.
    KeyInQuery,
}

impl Asked {
    fn of(letter: u8) -> Option<Self> {
        Some(match letter {
            b'b' => Self::Bearer,
            b't' => Self::Token,
            b'B' => Self::Basic,
            b'C' => Self::BasicFromAnywhere,
            b'k' => Self::Key,
            b'a' => Self::BareKey,
            b'e' => Self::Everywhere,
            b'q' => Self::KeyInQuery,
            _ => return None,
        })
    }

    fn need(&self) -> Requirement {
        let new = |scheme| Requirement::new(scheme, Realm::new("items"), Scopes::new("read"));
        let (bearer, name) = (new(AuthScheme::Bearer), PlaceName::new);
        match self {
            Self::Bearer => bearer,
            Self::Token => bearer.by_word(name("Token")),
            Self::Basic => new(AuthScheme::Basic),
            Self::BasicFromAnywhere => new(AuthScheme::Basic).cross_site(true),
            Self::Key => new(AuthScheme::ApiKey),
            Self::BareKey => new(AuthScheme::ApiKey).in_field(name("authorization")),
            Self::Everywhere => {
                bearer.by_word(name("Sub")).in_subprotocol(name("bearer")).in_query(name("access_token"))
            }
            Self::KeyInQuery => new(AuthScheme::ApiKey).in_field(name("x-none")).in_query(name("key")),
        }
    }

    const fn word(&self) -> Option<&'static str> {
        match self {
            Self::Bearer => Some("Bearer"),
            Self::Token => Some("Token"),
            Self::Basic | Self::BasicFromAnywhere => Some("Basic"),
            Self::Everywhere => Some("Sub"),
            Self::Key | Self::BareKey | Self::KeyInQuery => None,
        }
    }

    fn reads_as(&self, other: &Self) -> bool {
        let of_authorization = |one: &Self| one.word().is_some() || *one == Self::BareKey;
        let bare = *self == Self::BareKey || *other == Self::BareKey;
        self == other
            || self.word().is_some() && self.word() == other.word()
            || bare && of_authorization(self) && of_authorization(other)
    }

    fn is_basic(&self) -> bool {
        self.word() == Some("Basic")
    }

    /// What a text presents, as far as it is a token of the scheme.
    fn token(&self, text: &[u8]) -> Saw {
        let is_good = match self.word() {
            Some(_) => {
                matches!(abnf::credentials(&[b"X ", text].concat()), Some((_, Rest::Token68(token))) if token == text)
            }
            None => !text.is_empty() && text.iter().all(|byte| (0x21..=0x7e).contains(byte)),
        };
        if is_good { Saw::Token(String::from_utf8(text.to_vec()).unwrap()) } else { Saw::Wrong }
    }
}

#[derive(Debug)]
struct Sent<'a> {
    method: &'a str,
    query: Option<&'a [u8]>,
    authorization: Vec<&'a [u8]>,
    key: Vec<&'a [u8]>,
    subprotocols: Vec<&'a [u8]>,
    upgrade: Vec<&'a [u8]>,
    site: Vec<&'a [u8]>,
    origin: Vec<&'a [u8]>,
    host: Vec<&'a [u8]>,
}

/// What is in one place.
#[derive(Debug, Clone, PartialEq)]
enum Saw {
    Nothing,
    Token(String),
    Wrong,
}

impl<'a> Sent<'a> {
    fn offered(&self) -> Vec<&'a [u8]> {
        let elements = self.subprotocols.iter().flat_map(|line| line.split(|&byte| byte == b','));
        elements.map(abnf::field_value).filter(|one| !one.is_empty()).collect()
    }

    fn is_websocket(&self) -> bool {
        let mut names = self.upgrade.iter().flat_map(|line| line.split(|&byte| byte == b','));
        names.any(|name| abnf::field_value(name).eq_ignore_ascii_case(b"websocket"))
    }

    fn field(&self, asked: &Asked) -> Saw {
        let lines = match asked {
            Asked::Key => &self.key,
            Asked::KeyInQuery => return Saw::Nothing,
            _ => &self.authorization,
        };
        let [line] = lines.as_slice() else { return if lines.is_empty() { Saw::Nothing } else { Saw::Wrong } };
        let value = abnf::field_value(line);
        let Some(word) = asked.word() else { return asked.token(value) };
        if line.len() > 8192 {
            return Saw::Wrong;
        }
        match abnf::credentials(value) {
            Some((_, rest)) if !abnf::is_within_limits(&rest) => Saw::Wrong,
            Some((scheme, Rest::Token68(token))) if scheme.eq_ignore_ascii_case(word.as_bytes()) => asked.token(&token),
            Some((scheme, _)) if scheme.eq_ignore_ascii_case(word.as_bytes()) => Saw::Wrong,
            Some(_) => Saw::Nothing,
            None => Saw::Wrong,
        }
    }

    fn subprotocol(&self, asked: &Asked) -> Saw {
        if *asked != Asked::Everywhere || !self.is_websocket() {
            return Saw::Nothing;
        }
        let offered = self.offered();
        let names: Vec<_> =
            offered.iter().enumerate().filter(|(_, one)| **one == b"bearer").map(|(at, _)| at).collect();
        match names.as_slice() {
            [] => Saw::Nothing,
            [at] => offered.get(at + 1).map_or(Saw::Wrong, |token| asked.token(token)),
            _ => Saw::Wrong,
        }
    }

    fn parameter(&self, asked: &Asked) -> Saw {
        let name = match asked {
            Asked::Everywhere => "access_token",
            Asked::KeyInQuery => "key",
            _ => return Saw::Nothing,
        };
        let pairs = self.query.into_iter().flat_map(|query| query.split(|&byte| byte == b'&')).map(|pair| {
            let mut halves = pair.splitn(2, |&byte| byte == b'=');
            (halves.next().unwrap_or_default(), halves.next().unwrap_or_default())
        });
        let named = pairs.filter(|(key, _)| percent_decode(key).eq(name.bytes()));
        match named.map(|(_, value)| value).collect::<Vec<_>>().as_slice() {
            [] => Saw::Nothing,
            [value] => {
                let decoded: Vec<_> = percent_decode(value).collect();
                if value.contains(&b'%') && decoded.len() > 1024 { Saw::Wrong } else { asked.token(&decoded) }
            }
            _ => Saw::Wrong,
        }
    }

    /// What is there for a scheme, and where.
    fn shows(&self, asked: &Asked) -> (Saw, Option<Place>) {
        let places = [
            (self.field(asked), Place::Field),
            (self.subprotocol(asked), Place::Subprotocol),
            (self.parameter(asked), Place::Query),
        ];
        let mut found = places.into_iter().filter(|(saw, _)| *saw != Saw::Nothing);
        match (found.next(), found.next()) {
            (None, _) => (Saw::Nothing, None),
            (Some((saw, place)), None) => (saw, Some(place)),
            (Some(_), Some(_)) => (Saw::Wrong, None),
        }
    }

    /// Whether a browser may have been made to send it.
    fn is_of_another_site(&self) -> bool {
        let is_safe = ["GET", "HEAD", "OPTIONS", "TRACE"].contains(&self.method);
        if is_safe && !self.is_websocket() {
            return false;
        }
        if !self.site.is_empty() {
            return ![vec![&b"same-origin"[..]], vec![&b"none"[..]]].contains(&self.site);
        }
        match (self.origin.as_slice(), self.host.as_slice()) {
            ([], _) => false,
            ([origin], [host]) => !of_host(&String::from_utf8_lossy(origin), &String::from_utf8_lossy(host)),
            _ => true,
        }
    }
}

fn of_host(origin: &str, host: &str) -> bool {
    let Some((scheme, authority)) = origin.split_once("://") else { return false };
    let letters = |c: char| c.is_ascii_alphanumeric() || "+-.".contains(c);
    if !scheme.starts_with(|c: char| c.is_ascii_alphabetic()) || !scheme.chars().all(letters) {
        return false;
    }
    let port = if scheme.eq_ignore_ascii_case("https") { ":443" } else { ":80" };
    let bare = |name: &str| name.strip_suffix(port).unwrap_or(name).to_ascii_lowercase();
    !bare(authority).is_empty() && bare(authority) == bare(host)
}

fn reads(asked: &Asked, need: &Requirement, sent: &Sent<'_>, request: &RequestFields<'_>) {
    let found = need.read(request, str::to_owned);
    let (saw, place) = sent.shows(asked);
    let forged = *asked == Asked::Basic && sent.is_of_another_site();
    match (&saw, &found) {
        (Saw::Nothing, found) => assert_eq!(*found, Err(Reason::Missing), "{asked:?} {sent:?}"),
        (Saw::Token(_), Err(Reason::CrossSite)) => assert!(forged, "{sent:?}"),
        (Saw::Token(token), found) => {
            assert!(!forged, "{sent:?}");
            let expected = if asked.is_basic() { basic::pair(token.as_bytes()).ok() } else { Some(token.clone()) };
            assert_eq!(found.as_ref().ok(), expected.as_ref(), "{asked:?} {sent:?}");
        }
        (Saw::Wrong, found) => assert!(matches!(found, Err(Reason::Malformed(_))), "{asked:?} {sent:?} {found:?}"),
    }
    if matches!(saw, Saw::Token(_)) {
        assert_eq!(need.place(request), place);
        let caches_know = place == Some(Place::Field) && (asked.word().is_some() || *asked == Asked::BareKey);
        let privacy = if caches_know { Privacy::UnlessShared } else { Privacy::Always };
        assert_eq!(need.privacy(request), privacy);
    }
}

/// The first whose credential is there; and before that, the first that reads one of two `Authorization` lines. A line that cannot be
/// read is that scheme's whose word it begins with.
fn which(setup: &[Asked], sent: &Sent<'_>) -> Option<usize> {
    let of_authorization = |asked: &Asked| asked.word().is_some() || *asked == Asked::BareKey;
    let repeated = (sent.authorization.len() > 1).then(|| setup.iter().position(of_authorization)).flatten();
    let line = abnf::field_value(sent.authorization.first().copied().unwrap_or_default());
    let is_named = |asked: &Asked| {
        asked.word().is_some_and(|word| {
            let (named, rest) = line.split_at_checked(word.len()).unwrap_or_default();
            named.eq_ignore_ascii_case(word.as_bytes()) && !rest.first().is_some_and(|&byte| abnf::tchar(byte))
        })
    };
    let is_anothers = |asked: &Asked| {
        asked.word().is_some() && sent.field(asked) == Saw::Wrong && !is_named(asked) && setup.iter().any(is_named)
    };
    repeated.or_else(|| setup.iter().position(|asked| sent.shows(asked).0 != Saw::Nothing && !is_anothers(asked)))
}

/// All are named where another credential would help, and one alone where this one has to be mended.
fn challenges(either: &Alternatives<&[Requirement]>, decided: Option<usize>, refusal: Refusal) {
    let texts: Vec<_> = either.challenges(decided, refusal).map(|challenge| challenge.to_string()).collect();
    let needs = either.needs();
    let own = |need: &Requirement, refusal| need.challenge(refusal).map(|challenge| challenge.to_string());
    let expected: Vec<_> = match (refusal.status(), decided) {
        (401, Some(decided)) => {
            let of = |(at, need)| own(need, if at == decided { refusal } else { Refusal::Missing });
            needs.iter().enumerate().filter_map(of).collect()
        }
        (_, Some(decided)) => own(&needs[decided], refusal).into_iter().collect(),
        (_, None) => needs.iter().filter_map(|need| own(need, refusal)).collect(),
    };
    assert_eq!(texts, expected);
}
