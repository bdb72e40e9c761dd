//! The synthetic plant: the same twice, as often as in the field, readable by others, and no
//! misbehaviour but what was asked for.

mod plant_formats;
mod plant_misbehaviour;
mod plant_rates;
mod plant_repeats;
mod plant_world;
mod support;
