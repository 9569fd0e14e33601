// Package e2e tests Fairlead as its users meet it: the real binary, a simulated Bitbucket beside it, and Chromium with
// real input events and the popup blocker on. Each test starts its own "fairlead demo" and uses a browser profile of its
// own; the browser process is shared.
//
// FAIRLEAD_SHOTS=DIR makes the tests write screenshots of the main screens there.
package e2e
