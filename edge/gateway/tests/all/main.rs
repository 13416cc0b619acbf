//! The socket as a client sees it: a real listener, a real database, and another implementation of
//! RFC 6455 at the other end.

#[cfg(test)]
mod abuse;
#[cfg(test)]
mod client;
#[cfg(test)]
mod commands;
#[cfg(test)]
mod corpus;
#[cfg(test)]
mod ending;
#[cfg(test)]
mod events;
#[cfg(test)]
mod house;
#[cfg(test)]
mod lines;
mod packed;
#[cfg(test)]
mod presence;
#[cfg(test)]
mod session;
#[cfg(test)]
mod upgrade;
