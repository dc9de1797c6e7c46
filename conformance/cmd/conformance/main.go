// The command conformance runs the suites of package conformance and keeps their ledgers.
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"

	"bulwark/conformance"
	"bulwark/conformance/eve"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "conformance:", err)
		os.Exit(1)
	}
}

func run() error {
	data := flag.String("data", os.Getenv("BULWARK_DATA"), "folder that holds sensor/")
	ledgers := flag.String("ledgers", "conformance", "folder of the ledgers")
	update := flag.Bool("update", false, "write the ledgers anew")
	only := flag.String("only", "", "run only the suites whose names contain this")
	family := flag.String("family", "", "run only this family of suricata-verify, and leave its ledger alone")
	verbose := flag.Bool("v", false, "print every case that fails, and what else a suite tells")
	schema := flag.String("eve-schema", "", "write the list of EVE's fields anew from this schema of Suricata, and do nothing else")
	source := flag.String("eve-source", "", "where that schema is from: repository and commit")
	flag.Parse()
	if *schema != "" {
		return listFields(*schema, *source, filepath.Join(*ledgers, "eve", "fields.tsv"))
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	scratch, err := os.MkdirTemp("", "conformance")
	if err != nil {
		return err
	}
	defer os.RemoveAll(scratch)
	bench := &conformance.Bench{Data: *data, Scratch: scratch, Family: *family, Figures: os.Stdout}
	if *verbose {
		bench.Report = os.Stdout
	}
	var errs []error
	for _, s := range conformance.Suites() {
		if !strings.Contains(s.Name, *only) {
			continue
		}
		if *data == "" && !s.Ours {
			fmt.Printf("SKIP %s BULWARK_DATA is not set: the outside captures are not there\n", s.Name)
			continue
		}
		cases, err := s.Run(ctx, bench)
		if skip, ok := errors.AsType[*conformance.Skip](err); ok {
			fmt.Printf("SKIP %s %s\n", s.Name, skip.Reason)
			continue
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", s.Name, err))
			continue
		}
		if *family == "" {
			errs = append(errs, settle(filepath.Join(*ledgers, s.Name+".tsv"), cases, *update))
		}
		if *verbose {
			for i := range cases {
				if !cases[i].Passed() {
					fmt.Printf("%s %s: %s\n", cases[i].Family, cases[i].Name, cases[i].Why)
				}
			}
		}
		conformance.Print(os.Stdout, s.Name, cases)
	}
	return errors.Join(errs...)
}

// listFields writes the list of the fields of a schema.
func listFields(schema, source, list string) error {
	text, err := os.ReadFile(schema)
	if err != nil {
		return err
	}
	fields, err := eve.FromSchema(text)
	if err != nil {
		return fmt.Errorf("reading %s: %w", schema, err)
	}
	var b bytes.Buffer
	if err := eve.Write(&b, source, fields); err != nil {
		return err
	}
	return os.WriteFile(list, b.Bytes(), 0o644)
}

// settle compares the cases with their ledger, or writes it.
func settle(path string, cases []conformance.Case, update bool) error {
	fallen, err := conformance.Fallen(path, cases)
	if err != nil {
		return err
	}
	if update {
		return conformance.WriteLedger(path, cases)
	}
	if len(fallen) > 0 {
		return fmt.Errorf("%d cases fell back:\n  %s", len(fallen), strings.Join(fallen, "\n  "))
	}
	return nil
}
