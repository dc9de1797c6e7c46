package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"bulwark/internal/gunzip"
	"bulwark/wire/pcap"
)

// What becomes of events: they are encoded and counted, or written as EVE.
const measure, eve = "--measure", "--eve"

// suricataTypes are the types of records that the configuration which comes with Suricata 4.1 switches on.
const suricataTypes = "alert,http,dns,tls,fileinfo,smtp,nfs,smb,tftp,ike,krb5,dhcp,ssh,stats,flow"

// The rule sets of the data.
var ruleSets = []struct{ name, file string }{
	{"et2019", "et_open_2019-04_suricata4.rules.gz"},
	{"et2025", "et_open_2025-08_suricata5.rules.gz"},
}

// signature measures the sensor with traffic rules beside ndpiReader, EVE written to nowhere; and once with events encoded alone,
// as the running program does it. What it takes to load the rules is measured on a
// capture without packets and taken away from what the runs took.
func signature(s settings) error {
	fmt.Println("SKIP finding_p95_ms a finding's way is not measured yet")
	names := []string{"signature_et2019_mpps", "signature_et2025_mpps", "signature_vs_ndpireader", "signature_rss_mb", "signature_load_s", "signature_growth_all_over_tenth"}
	if s.data == "" {
		for _, n := range names {
			fmt.Println("SKIP", n, "BULWARK_DATA is not set")
		}
		return nil
	}
	dir, err := os.MkdirTemp("", "bulwark-rules")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if err := writeRules(filepath.Join(s.data, "sensor", "rules"), dir); err != nil {
		return err
	}
	empty := filepath.Join(dir, "empty.pcap")
	if err := writeEmpty(empty); err != nil {
		return err
	}
	with := func(way, rules, capture string) *program {
		name := rules + " " + way[2:]
		if capture == empty {
			name += ", loading"
		}
		return &program{name: name, mute: way == eve, args: []string{s.bulwark, "read", way, "--rules", filepath.Join(dir, rules),
			"--rule-var", "EXTERNAL_NET=any", capture}}
	}
	sets := []string{"et2019", "et2025", "all", "tenth"}
	var runs []*program
	for _, set := range sets {
		runs = append(runs, with(eve, set, s.capture), with(eve, set, empty))
	}
	encoded := with(measure, "et2019", s.capture)
	bare := &program{name: "no rules", args: []string{s.bulwark, "read", measure, s.capture}}
	bareEVE := &program{name: "no rules eve", mute: true, args: []string{s.bulwark, "read", eve, s.capture}}
	fewer := with(eve, "et2019", s.capture)
	fewer.name += ", Suricata 4.1's types"
	fewer.args = append(fewer.args, "--eve-types", suricataTypes)
	runs = append(runs, encoded, fewer, bareEVE)
	peer := &program{name: "ndpireader", args: []string{"ndpiReader", "-q", "-i", s.capture}}
	if err := race(append(runs, bare, peer), s); err != nil {
		return err
	}
	m := measured.FindSubmatch(bare.output)
	if m == nil {
		return errors.New("bulwark did not say what it read")
	}
	packets, err := strconv.ParseFloat(string(m[1]), 64)
	if err != nil {
		return err
	}
	cost := map[string]float64{}
	for i, set := range sets {
		cost[set] = (runs[2*i].median() - runs[2*i+1].median()).Seconds()
		fmt.Printf("%s: %.2f s of CPU without loading, %.2f s to load\n", set, cost[set], runs[2*i+1].median().Seconds())
	}
	fmt.Printf("RESULT signature_et2019_mpps %.3f Mpps\n", packets/cost["et2019"]/1e6)
	fmt.Printf("RESULT signature_et2025_mpps %.3f Mpps\n", packets/cost["et2025"]/1e6)
	apart := (encoded.median() - runs[1].median()).Seconds()
	fmt.Printf("RESULT signature_et2019_encoded_mpps %.3f Mpps\n", packets/apart/1e6)
	fmt.Printf("RESULT signature_et2019_suricata_types_mpps %.3f Mpps\n", packets/(fewer.median()-runs[1].median()).Seconds()/1e6)
	fmt.Printf("RESULT signature_no_rules_mpps %.3f Mpps\n", packets/bareEVE.median().Seconds()/1e6)
	fmt.Printf("RESULT signature_no_rules_encoded_mpps %.3f Mpps\n", packets/bare.median().Seconds()/1e6)
	if peer.absent {
		fmt.Println("SKIP signature_vs_ndpireader ndpiReader is not installed")
	} else {
		fmt.Printf("RESULT signature_vs_ndpireader %.2f ratio\n", peer.median().Seconds()/cost["et2019"])
		fmt.Printf("RESULT signature_encoded_vs_ndpireader %.2f ratio\n", peer.median().Seconds()/apart)
	}
	fmt.Printf("RESULT signature_rss_mb %d MiB\n", max(runs[0].rss, runs[2].rss)>>10)
	fmt.Printf("RESULT signature_load_s %.2f s\n", max(runs[1].median(), runs[3].median()).Seconds())
	fmt.Printf("RESULT signature_growth_all_over_tenth %.2f ratio\n", cost["all"]/cost["tenth"])
	return nil
}

// writeRules unpacks the rule sets: each into a folder, all into one, and each tenth rule of both into another.
func writeRules(from, dir string) error {
	classes, err := os.ReadFile(filepath.Join(from, "classification.config"))
	if err != nil {
		return err
	}
	write := func(set, file string, text []byte) error {
		at := filepath.Join(dir, set)
		return errors.Join(os.MkdirAll(at, 0o700), os.WriteFile(filepath.Join(at, file), text, 0o600),
			os.WriteFile(filepath.Join(at, "classification.config"), classes, 0o600))
	}
	for _, set := range ruleSets {
		text, err := gunzip.File(filepath.Join(from, set.file))
		if err != nil {
			return err
		}
		var tenth []byte
		n := 0
		for line := range bytes.Lines(text) {
			if !bytes.HasPrefix(line, []byte("alert")) {
				continue
			}
			if n++; n%10 == 0 {
				tenth = append(tenth, line...)
			}
		}
		file := set.name + ".rules"
		if err := errors.Join(write(set.name, file, text), write("all", file, text), write("tenth", file, tenth)); err != nil {
			return err
		}
	}
	return nil
}

// writeEmpty writes a capture of no packets.
func writeEmpty(name string) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	_, err = pcap.NewWriter(f, pcap.LinkEthernet)
	return errors.Join(err, f.Close())
}
