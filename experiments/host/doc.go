// Package host says how much memory and disk space the machine has for a process, so that what cannot end well is refused before it begins.
// Where the system does not tell, everything counts as enough.
package host
