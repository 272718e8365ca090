//! What is legal but weak, with the reason: a file for each subject.

mod code;
mod content_security_policy;
mod framing;
mod hosts;
mod permissions;
mod reporting;
mod size;
mod sources;
mod unchecked;
mod values;

use crate::policy::SecurityHeaders;

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Good to know.
    Low,
    /// Weakens one protection.
    Medium,
    /// Switches a protection off.
    High,
}

impl Severity {
    /// `low`, `medium` or `high`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }

    /// For a policy that only reports: it weakens nothing yet.
    const fn one_lower(self) -> Self {
        match self {
            Self::High => Self::Medium,
            Self::Medium | Self::Low => Self::Low,
        }
    }
}

/// One finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Lint<'a> {
    /// How much it matters.
    pub severity: Severity,
    /// The header, in lower case.
    pub header: &'a str,
    /// The directive, feature or parameter; empty where the finding is about the whole header.
    pub directive: &'a str,
    /// The part of the value that it is about, such as `'unsafe-inline'`; empty where something is missing.
    pub value: &'a str,
    /// Why it is weak.
    pub reason: &'static str,
    /// What to do.
    pub remedy: &'static str,
    /// The known name that is nearest, where a name looks like a typo; else empty.
    pub nearest: &'static str,
}

impl<'a> Lint<'a> {
    /// The remedy, with the nearest name in front where a name looks like a typo.
    pub const fn advice(&self) -> impl core::fmt::Display {
        Advice { nearest: self.nearest, remedy: self.remedy }
    }

    const fn new(severity: Severity, header: &'a str, reason: &'static str, remedy: &'static str) -> Self {
        Self { severity, header, directive: "", value: "", reason, remedy, nearest: "" }
    }

    const fn high(header: &'a str, reason: &'static str, remedy: &'static str) -> Self {
        Self::new(Severity::High, header, reason, remedy)
    }

    const fn medium(header: &'a str, reason: &'static str, remedy: &'static str) -> Self {
        Self::new(Severity::Medium, header, reason, remedy)
    }

    const fn low(header: &'a str, reason: &'static str, remedy: &'static str) -> Self {
        Self::new(Severity::Low, header, reason, remedy)
    }

    const fn of(mut self, directive: &'a str) -> Self {
        self.directive = directive;
        self
    }

    const fn at(mut self, value: &'a str) -> Self {
        self.value = value;
        self
    }

    const fn near(mut self, name: Option<&'static str>) -> Self {
        if let Some(name) = name {
            self.nearest = name;
        }
        self
    }
}

impl core::fmt::Display for Lint<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{}: {}", self.severity.as_str(), self.header)?;
        for part in [self.directive, self.value] {
            if !part.is_empty() {
                write!(f, " {part}")?;
            }
        }
        write!(f, ": {}; {}", self.reason, self.advice())
    }
}

/// The remedy, after the nearest name.
struct Advice {
    nearest: &'static str,
    remedy: &'static str,
}

impl core::fmt::Display for Advice {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        if !self.nearest.is_empty() {
            write!(f, "did you mean {}? Else ", self.nearest)?;
        }
        f.write_str(self.remedy)
    }
}

/// Takes findings, one after the other.
type Found<'f, 'a> = &'f mut dyn FnMut(Lint<'a>);

/// The subjects: each looks at the whole policy.
const SUBJECTS: [for<'a> fn(&SecurityHeaders<'a>, Found<'_, 'a>); 7] = [
    content_security_policy::lints,
    framing::lints,
    values::lints,
    permissions::lints,
    reporting::lints,
    size::lints,
    unchecked::lints,
];

/// The findings of a policy: what [`SecurityHeaders::lint`] returns.
///
/// `next` looks through the policy again for each finding, since there is no heap to keep them in; `for_each` looks once, which is
/// what to take where a policy could be long.
#[derive(Debug, Clone)]
pub struct Lints<'a> {
    policy: SecurityHeaders<'a>,
    subject: usize,
    /// How many findings of the subject were given already. There is no heap to keep the others in, so they are looked for again.
    given: usize,
}

impl<'a> Iterator for Lints<'a> {
    type Item = Lint<'a>;

    fn next(&mut self) -> Option<Lint<'a>> {
        while let Some(lints) = SUBJECTS.get(self.subject) {
            let (mut at, mut next) = (0, None);
            lints(&self.policy, &mut |lint| {
                if at == self.given {
                    next = Some(lint);
                }
                at += 1;
            });
            if next.is_some() {
                self.given += 1;
                return next;
            }
            (self.subject, self.given) = (self.subject + 1, 0);
        }
        None
    }

    /// Looks once, and so does all that is made of it: `for_each`, `count`, `map(...).for_each`.
    fn fold<B, F: FnMut(B, Lint<'a>) -> B>(self, start: B, mut take: F) -> B {
        let (mut given, mut so_far) = (self.given, Some(start));
        for lints in SUBJECTS.iter().skip(self.subject) {
            lints(&self.policy, &mut |lint| match given {
                0 => so_far = so_far.take().map(|so_far| take(so_far, lint)),
                _ => given -= 1,
            });
            given = 0;
        }
        match so_far {
            Some(result) => result,
            // Taken above for as long as it takes to put it back.
            None => unreachable!(),
        }
    }
}

impl<'a> SecurityHeaders<'a> {
    /// What is legal but weak in this policy, and what has no effect.
    ///
    /// A report-only policy is judged too, one step milder, because it weakens nothing yet. Of several enforced policies each
    /// must be weak in the same point: browsers apply them all.
    ///
    /// ```
    /// use sallet_core::{SecurityHeaders, Severity};
    /// assert_eq!(SecurityHeaders::STRICT.lint().count(), 0);
    /// assert!(SecurityHeaders::CLASSIC.lint().all(|lint| lint.severity < Severity::High));
    /// assert!(SecurityHeaders::EMPTY.lint().any(|lint| lint.severity == Severity::High));
    /// ```
    pub const fn lint(&self) -> Lints<'a> {
        Lints { policy: *self, subject: 0, given: 0 }
    }
}
