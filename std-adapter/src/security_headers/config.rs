//! What a layer was told, shared by all its services.

use std::fmt;
use std::sync::Arc;

use http::HeaderName;
use http::header::CACHE_CONTROL;
use http::request::Parts;
use sallet_core::Scheme;
use sallet_core::merge::{MergeRules, Precedence};
use sallet_core::paths::{ByPath, PathRule};

use super::ResponsePolicy;
use super::field_set::Plan;
use super::merge::Rules;

#[derive(Debug, Clone)]
pub(super) struct Config {
    /// The first is for every path without a rule.
    pub(super) plans: Vec<Plan>,
    pub(super) paths: ByPath<Vec<(PathRule<String>, usize)>>,
    /// Speaks where no rule does.
    pub(super) policy_by: Option<ByRequest<Option<ResponsePolicy>>>,
    /// Whether rules are of the path inside the nest.
    pub(super) nested: bool,
    pub(super) scheme: SchemeOf,
    pub(super) rules: Rules,
}

/// Who says how a request travelled.
#[derive(Debug, Clone)]
pub(super) enum SchemeOf {
    All(Scheme),
    Each(ByRequest<Scheme>),
}

/// A function of the head of a request.
pub(super) struct ByRequest<R>(Arc<dyn Fn(&Parts) -> R + Send + Sync>);

impl<R> ByRequest<R> {
    pub(super) fn new(function: impl Fn(&Parts) -> R + Send + Sync + 'static) -> Self {
        Self(Arc::new(function))
    }

    pub(super) fn ask(&self, parts: &Parts) -> R {
        self.0(parts)
    }
}

impl<R> Clone for ByRequest<R> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<R> fmt::Debug for ByRequest<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("by a function of the request")
    }
}

impl Config {
    pub(super) fn new(plan: Plan, precedence: Precedence) -> Self {
        let removed = MergeRules::REMOVED.iter().map(|name| HeaderName::from_static(name)).collect();
        Self {
            plans: vec![plan],
            paths: ByPath::new(Vec::new()),
            policy_by: None,
            nested: false,
            scheme: SchemeOf::All(Scheme::Http),
            rules: Rules::try_new(precedence, removed).expect("the core's own names"),
        }
    }

    /// Whether what caches are told may be another thing once this plan is joined.
    pub(super) fn tells_caches(&self, plan: &Plan) -> bool {
        plan.tells_caches || self.rules.remove().contains(&CACHE_CONTROL)
    }

    pub(super) fn set_path(&mut self, rule: PathRule<String>, plan: Plan) {
        self.plans.push(plan);
        let plan = self.plans.len() - 1;
        let mut paths = self.paths.entries().to_vec();
        paths.retain(|(known, _)| known.as_str() != rule.as_str());
        paths.push((rule, plan));
        self.paths = ByPath::new(paths);
    }
}
