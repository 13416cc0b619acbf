//! The behaviours of all domains, one file per behaviour, on both databases.

#[cfg(test)]
mod accounts_batch;
#[cfg(test)]
mod accounts_house;
#[cfg(test)]
mod accounts_search;
#[cfg(test)]
mod accounts_tokens;
#[cfg(test)]
mod accounts_users;
#[cfg(test)]
mod apps_apps;
#[cfg(test)]
mod apps_idempotency;
#[cfg(test)]
mod apps_keys;
#[cfg(test)]
mod backend;
#[cfg(test)]
mod conversations_direct;
#[cfg(test)]
mod conversations_groups;
#[cfg(test)]
mod conversations_house;
#[cfg(test)]
mod conversations_members;
#[cfg(test)]
mod conversations_roles;
#[cfg(test)]
mod conversations_sync;
#[cfg(test)]
mod lanes;
#[cfg(test)]
mod postgres;
#[cfg(test)]
mod statements;
