//! The behaviours of all domains, one file per behaviour, on both databases.

#[cfg(test)]
mod accounts_batch;
#[cfg(test)]
mod accounts_directory;
#[cfg(test)]
mod accounts_house;
#[cfg(test)]
mod accounts_keys;
#[cfg(test)]
mod accounts_passwords;
#[cfg(test)]
mod accounts_refresh;
#[cfg(test)]
mod accounts_search;
#[cfg(test)]
mod accounts_settings;
#[cfg(test)]
mod accounts_signin;
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
mod conversations_devices;
#[cfg(test)]
mod conversations_direct;
#[cfg(test)]
mod conversations_groups;
#[cfg(test)]
mod conversations_house;
#[cfg(test)]
mod conversations_many;
#[cfg(test)]
mod conversations_members;
#[cfg(test)]
mod conversations_roles;
#[cfg(test)]
mod conversations_sync;
#[cfg(test)]
mod fixtures;
#[cfg(test)]
mod jobs_house;
#[cfg(test)]
mod jobs_queue;
#[cfg(test)]
mod jobs_recurring;
#[cfg(test)]
mod jobs_runner;
#[cfg(test)]
mod lanes;
#[cfg(test)]
mod log_concurrent;
#[cfg(test)]
mod log_consumers;
#[cfg(test)]
mod log_corners;
#[cfg(test)]
mod log_epoch;
#[cfg(test)]
mod log_house;
#[cfg(test)]
mod log_model;
#[cfg(test)]
mod log_on_server;
#[cfg(test)]
mod log_property;
#[cfg(test)]
mod log_rig;
#[cfg(test)]
mod messages_edits;
#[cfg(test)]
mod messages_hidden;
#[cfg(test)]
mod messages_house;
#[cfg(test)]
mod messages_marks;
#[cfg(test)]
mod messages_pages;
#[cfg(test)]
mod messages_reactions;
#[cfg(test)]
mod messages_read_by;
#[cfg(test)]
mod messages_recall;
#[cfg(test)]
mod messages_receipts;
#[cfg(test)]
mod messages_send;
#[cfg(test)]
mod postgres;
#[cfg(test)]
mod presence_house;
#[cfg(test)]
mod presence_subscriptions;
#[cfg(test)]
mod presence_typing;
#[cfg(test)]
mod statements;
