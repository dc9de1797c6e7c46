// Package demo holds the bundled demo capture: half an hour of a small hospital. README.md says what is in it.
package demo

import _ "embed" // the capture

//go:embed hospital.pcap.zst
var hospital string

// Name is the file name of the capture.
const Name = "hospital.pcap.zst"

// Capture is the bundled capture: a pcap of Ethernet frames, zstd-compressed. The bytes are the caller's own.
func Capture() []byte { return []byte(hospital) }
