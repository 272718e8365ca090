//! Several schemes, of which one will do.

use core::ops::Deref;

use super::{AuthRequest, Challenge, Refusal, Requirement};
use crate::dialect::{ok, valid};
use crate::grammar;

/// Requirements of which a request has to meet one: the first whose credentials are there, alone and finally.
///
/// A request with a bad API key is refused, whatever else it shows. If the next scheme were tried, one request would be two guesses,
/// and a wrong first credential would go unnoticed. An `Authorization` line whose scheme none of them has is ignored; two
/// `Authorization` lines are refused, even where an API key would come first.
///
/// To check a request: [`which`](Self::which) says who decides. That requirement's [`verdict`](Requirement::verdict) or
/// [`read`](Requirement::read) is the answer; where nobody decides it is [`Reason::Missing`](super::Reason::Missing). The challenges of
/// a refusal are [`challenges`](Self::challenges), each in a field line of its own.
///
/// ```
/// use sallet_core::auth::{Alternatives, AuthScheme, Realm, Refusal, RequestFields, Requirement, Scopes};
///
/// const BEARER: Requirement = Requirement::new(AuthScheme::Bearer, Realm::new("items"), Scopes::EMPTY);
/// const KEY: Requirement = Requirement::new(AuthScheme::ApiKey, Realm::new("items"), Scopes::EMPTY);
/// const EITHER: Alternatives = Alternatives::new(&[BEARER, KEY]);
///
/// let decides = |fields: &[(&str, &[u8])]| EITHER.which(&RequestFields::new("GET", fields));
/// assert_eq!(decides(&[("authorization", b"Bearer x"), ("x-api-key", b"y")]), Some(0));
/// assert_eq!(decides(&[("authorization", b"Digest x"), ("x-api-key", b"y")]), Some(1));
/// assert_eq!(decides(&[]), None);
///
/// let challenges = EITHER.challenges(None, Refusal::Missing).map(|challenge| challenge.to_string());
/// assert!(challenges.eq([r#"Bearer realm="items""#, r#"ApiKey realm="items", header="X-API-Key""#]));
/// ```
///
/// Two of which the second would never be asked do not compile:
///
/// ```compile_fail,E0080
/// # use sallet_core::auth::{Alternatives, AuthScheme, Realm, Requirement, Scopes};
/// # const BEARER: Requirement = Requirement::new(AuthScheme::Bearer, Realm::new("items"), Scopes::EMPTY);
/// const BOTH: Alternatives = Alternatives::new(&[BEARER, BEARER]);
/// // error[E0080]: evaluation panicked: two schemes read the same credential, so the second would never be asked: give
/// //               one another word, header or name, or join what they accept
/// ```
///
/// `N` is where the requirements are: `&'static [Requirement]`, `Vec<Requirement<String>>`, anything that dereferences to a slice of
/// them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Alternatives<N = &'static [Requirement]>(N);

impl<'a> Alternatives<&'a [Requirement<&'a str>]> {
    /// Alternatives in the order in which they are asked.
    ///
    /// # Panics
    /// When there is none, or two read the same credentials; in a `const` that is a compile error. For those that a host has put together
    /// there is [`Alternatives::try_new`].
    #[track_caller]
    pub const fn new(needs: &'a [Requirement<&'a str>]) -> Self {
        valid!(check_all(needs));
        Self(needs)
    }
}

impl<N, S> Alternatives<N>
where
    N: Deref<Target = [Requirement<S>]>,
    S: AsRef<str>,
{
    /// Alternatives in the order in which they are asked.
    ///
    /// # Errors
    /// [`AlternativesError`] when there is none, or two read the same credentials: the second would never be asked.
    pub fn try_new(needs: N) -> Result<Self, AlternativesError> {
        check(needs.len())?;
        for (at, need) in needs.iter().enumerate() {
            needs.iter().take(at).try_for_each(|earlier| earlier.borrowed().check_beside(&need.borrowed()))?;
        }
        Ok(Self(needs))
    }

    /// All of them.
    pub fn needs(&self) -> &[Requirement<S>] {
        &self.0
    }

    /// The index of the requirement that judges the request; `None` where the request shows credentials of none of them.
    pub fn which(&self, request: &impl AuthRequest) -> Option<usize> {
        let needs = || self.0.iter().map(Requirement::borrowed);
        // Which line counts is what a guard and the handler behind it would disagree about.
        let repeated = needs().position(|need| need.is_repeated(request));
        // A line that cannot be read is judged by the scheme whose word it begins with, if that is one of these.
        let is_anothers = |need: &Requirement<&str>| {
            let same_field = |other: &Requirement<&str>| other.field().eq_ignore_ascii_case(need.field());
            need.has_unreadable_field(request)
                && !need.is_named(request)
                && needs().any(|other| same_field(&other) && other.is_named(request))
        };
        repeated.or_else(|| needs().position(|need| need.is_tried(request) && !is_anothers(&need)))
    }

    /// The subprotocol to answer a handshake with if the app chooses none: [`Requirement::offered_subprotocol`] of the first that has one.
    pub fn offered_subprotocol<'n>(&'n self, request: &impl AuthRequest) -> Option<&'n str>
    where
        S: 'n,
    {
        self.0.iter().find_map(|need| need.borrowed().offered_subprotocol(request))
    }

    /// The challenges that go with a refusal, in the order of the alternatives. `decided` is what [`which`](Self::which) said. A 401 has
    /// a challenge for each of them. A 400 or 403 has only that of the one that decided, because other credentials would not
    /// help; a 403 for another site and a 503 have none.
    pub fn challenges<'n>(&'n self, decided: Option<usize>, refusal: Refusal) -> impl Iterator<Item = Challenge<'n>>
    where
        S: 'n,
    {
        self.0.iter().enumerate().filter_map(move |(at, need)| {
            let own = match decided {
                Some(decided) if decided != at => match refusal.status() {
                    401 => Refusal::Missing,
                    _ => return None,
                },
                _ => refusal,
            };
            need.borrowed().challenge(own)
        })
    }
}

const fn check_all(needs: &[Requirement<&str>]) -> Result<(), AlternativesError> {
    ok!(check(needs.len()));
    let mut rest = needs;
    while let [need, later @ ..] = rest {
        let mut others = later;
        while let [other, more @ ..] = others {
            ok!(need.check_beside(other));
            others = more;
        }
        rest = later;
    }
    Ok(())
}

const fn check(count: usize) -> Result<(), AlternativesError> {
    if count == 0 { Err(AlternativesError::Empty) } else { Ok(()) }
}

impl Requirement<&str> {
    /// Whether the one of two that is asked later could find anything.
    const fn check_beside(&self, other: &Self) -> Result<(), AlternativesError> {
        const fn alike(a: Option<&str>, b: Option<&str>) -> bool {
            matches!((a, b), (Some(a), Some(b)) if grammar::eq(a, b))
        }
        let same_field = self.field().eq_ignore_ascii_case(other.field());
        let (a, b) = (self.scheme().has_word(), other.scheme().has_word());
        let same = same_field && (!a || !b || self.word().eq_ignore_ascii_case(other.word()))
            || alike(self.subprotocol(), other.subprotocol())
            || alike(self.parameter(), other.parameter());
        if same { Err(AlternativesError::SameCredential) } else { Ok(()) }
    }

    /// Whether its field begins with its word.
    fn is_named(&self, request: &impl AuthRequest) -> bool {
        let is_word = |line: &[u8]| {
            let line = grammar::trim_bytes(line);
            let end = line.iter().position(|&byte| !grammar::is_tchar(byte)).unwrap_or(line.len());
            line.get(..end).is_some_and(|word| word.eq_ignore_ascii_case(self.word().as_bytes()))
        };
        self.scheme().has_word() && request.lines(self.field()).next().is_some_and(is_word)
    }

    fn is_repeated(&self, request: &impl AuthRequest) -> bool {
        self.field().eq_ignore_ascii_case("authorization") && request.lines(self.field()).nth(1).is_some()
    }
}

/// Why requirements are no alternatives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum AlternativesError {
    /// None at all, which would let everybody in or nobody.
    Empty,
    /// Two read the same credentials.
    SameCredential,
}

impl AlternativesError {
    /// What is wrong and how to mend it.
    pub const fn message(self) -> &'static str {
        match self {
            Self::Empty => "a list of schemes needs one: write it, or leave authentication off",
            Self::SameCredential => {
                "two schemes read the same credential, so the second would never be asked: give one another word, header or name, or join \
                 what they accept"
            }
        }
    }
}

crate::dialect::error!(AlternativesError);
