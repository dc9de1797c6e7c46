package eve

import _ "embed"

// What Suricata's schema has.
//
//go:embed fields.tsv
var ofSchema []byte

// What its programs, or ours, write beyond it, each with why.
//
//go:embed beyond.tsv
var beyond []byte

// Suricata is the list of what a pipeline for Suricata's records may meet in ours.
func Suricata() (*List, error) {
	all, err := Read(ofSchema)
	if err != nil {
		return nil, err
	}
	more, err := Read(beyond)
	if err != nil {
		return nil, err
	}
	return NewList(append(all, more...)...), nil
}
