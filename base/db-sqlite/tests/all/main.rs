//! The embedded database when everything goes wrong: full and broken disks, panics, kills.

#[cfg(test)]
mod child;
#[cfg(test)]
mod copy;
#[cfg(test)]
mod disk;
#[cfg(test)]
mod full;
#[cfg(test)]
mod house;
#[cfg(test)]
mod kill;
#[cfg(test)]
mod parts;
#[cfg(test)]
mod wal;
