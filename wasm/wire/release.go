package wire

// Release is the version of this module and of the npm package. A release is
// tagged with it: "v" + Release.
const Release = "0.1.0"
