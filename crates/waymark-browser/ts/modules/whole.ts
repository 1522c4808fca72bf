// What Programs ask for that need the whole engine: the visitor's clock, and what is to be done.

export { decodeActed } from '../engine/decode';
export { zoneAt } from '../engine/zone';
