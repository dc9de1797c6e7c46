// Package conformance measures Bulwark against what nobody here wrote: captures with the results that other projects
// state for them. Captures and results stay outside the repository; the environment variable BULWARK_DATA names the
// folder that holds sensor/ (see its INDEX.md).
//
// Each suite has a ledger, NAME.tsv beside this file: one line a case with its state and, where it fails, why. A case
// that passed and does not any more fails the run, so that a figure can only rise.
package conformance

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
)

// Case is one thing that was checked.
type Case struct {
	Family string // what the figures are grouped by
	Name   string // unique in its suite
	Why    string // why it failed, in words; empty: it passed
}

// Passed reports whether Bulwark does what the case states.
func (c *Case) Passed() bool { return c.Why == "" }

// Suite is one collection of cases.
type Suite struct {
	Name string // of the figure and of the ledger
	Run  func(context.Context, *Bench) ([]Case, error)
	Ours bool // its captures are made here: it needs nothing from outside
}

// Bench is what the suites are run with.
type Bench struct {
	Data    string    // the folder that BULWARK_DATA names
	Scratch string    // a folder for files of its own
	Family  string    // the only family of suricata-verify to run; empty: all
	Report  io.Writer // takes what a suite has to tell beside its cases; nil: nobody asks
	Figures io.Writer // takes the figures of a suite that are no share of its cases; nil: nobody asks
}

func (b *Bench) wants(family string) bool { return b.Family == "" || b.Family == family }

// Suites are all of them, in the order in which they are run.
func Suites() []Suite {
	return []Suite{
		{Name: "hospital_rules_cases", Run: runShipped, Ours: true},
		{Name: "suricata_verify_sensor", Run: runVerify},
		{Name: "suricata_verify_rules", Run: runVerifyRules},
		{Name: "et_oracle_agreement", Run: runOracle},
		{Name: "agree_ja4", Run: runJA4},
		{Name: "agree_arkime", Run: runArkime},
		{Name: "agree_ndpi_protocol", Run: runNDPI},
		{Name: "agree_hospital", Run: runHospital},
		{Name: "agree_dcmdump", Run: runDcmdump},
		{Name: "segment_invariance", Run: runInvariance},
		{Name: "eve_fields", Run: runEVEFields},
		{Name: "classes", Run: runClasses},
		{Name: "dcm_identity", Run: runIdentity},
		{Name: "rules_parsed", Run: runParsed},
		{Name: "sigma_read", Run: runSigmaRead},
		{Name: "sigma_regression", Run: runSigmaRegression},
		{Name: "sigma_examples", Run: runSigmaExamples},
		{Name: "sigma_compiled", Run: runSigmaCompiled},
		{Name: "sigma_parked", Run: runParked},
		{Name: "otrf_labelled", Run: runLabelled},
		{Name: "benign_logs", Run: runBenign},
		{Name: "evtx", Run: runEVTX},
		{Name: "logparsers", Run: runLogParsers},
		{Name: "cedar_agreement", Run: runCedar, Ours: true},
		{Name: "webauthn_cases", Run: runWebAuthn, Ours: true},
		{Name: "open_redirects_refused", Run: runRedirects},
		{Name: "oidc_op_cases", Run: runOpenIDProvider},
		{Name: "oidc_rp_cases", Run: runOpenIDClient},
	}
}

// Print writes the cases of each family as passed/total, and the figure of the suite.
func Print(w io.Writer, suite string, cases []Case) {
	passed, all := map[string]int{}, map[string]int{}
	good := 0
	for i := range cases {
		c := &cases[i]
		all[c.Family]++
		if c.Passed() {
			passed[c.Family]++
			good++
		}
	}
	families := make([]string, 0, len(all))
	for f := range all {
		families = append(families, f)
	}
	slices.SortFunc(families, func(a, b string) int { return cmp.Or(cmp.Compare(all[b], all[a]), cmp.Compare(a, b)) })
	for _, f := range families {
		fmt.Fprintf(w, "%s %s %d/%d\n", suite, f, passed[f], all[f])
	}
	fmt.Fprintf(w, "RESULT %s %d/%d share\n", suite, good, len(cases))
}

// Skip is an error that says why a suite cannot run here.
type Skip struct{ Reason string }

func (s *Skip) Error() string { return "conformance: cannot run here: " + s.Reason }
