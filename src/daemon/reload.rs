//! What a reload cannot replace.

use crate::config::Configuration;

/// Whether something changed that a reload does not replace.
pub fn differs(fresh: &Configuration, running: &Configuration) -> bool {
    // Secrets do not show in `Debug`; they are compared for themselves.
    let secrets = |configuration: &Configuration| {
        let letters = configuration.relays.iter().filter_map(|relay| relay.settings.login.as_ref()).map(|login| login.credentials.clone());
        configuration.accounts.iter().map(|account| account.credentials.clone()).chain(letters).collect::<Vec<_>>()
    };
    let essence = |configuration: &Configuration| {
        let Configuration { accounts, relays, judging, store, judging_threads, grace, log_level } = configuration;
        let (start, zone) = (judging.start, &judging.office.zone);
        format!("{accounts:?}{relays:?}{start:?}{zone:?}{store:?}{judging_threads:?}{grace:?}{log_level:?}")
    };
    essence(fresh) != essence(running) || secrets(fresh) != secrets(running)
}
