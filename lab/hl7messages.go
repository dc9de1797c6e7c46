package lab

import (
	"fmt"
	"strings"
	"time"
)

// hl7Message is a message and the acknowledgement code it must get.
type hl7Message struct{ text, want string }

// pumpID is the EUI-64 of an infusion pump, made of its MAC (RFC 4291 appendix A without the flipped bit, as vendors print it).
func pumpID(mac string) string {
	hex := strings.ToUpper(strings.ReplaceAll(mac, ":", ""))
	return hex[:6] + "FFFE" + hex[6:]
}

// segments joins segments, each ended by a carriage return.
func segments(lines ...string) string { return strings.Join(lines, "\r") + "\r" }

func msh(from, to, kind, control, version string, at time.Time) string {
	return fmt.Sprintf(`MSH|^~\&|%s|%s|%s||%s|%s|P|%s`, from, to, at.Format("20060102150405"), kind, control, version)
}

func (p Patient) pid() string {
	return fmt.Sprintf("PID|1||%s^^^HOSP^MR||%s^^^^L||%s|%s|||1 Invented Street^^Nowhere^^00000||||||||%s",
		p.MRN, p.dicomName(), p.Birth, p.Sex, p.Accession)
}

// admission is an ADT message: A01 admits, A02 transfers, A03 discharges, A08 updates (HL7 v2.5 ch. 3).
func admission(p Patient, trigger, control, bed, class string, at time.Time) string {
	return segments(
		msh("ADMIT|HOSP", "EHR|HOSP", "ADT^"+trigger+"^ADT_A01", control, "2.5", at),
		"EVN|"+trigger+"|"+at.Format("20060102150405"),
		p.pid(),
		fmt.Sprintf("PV1|1|%s|WARD3^%s^1^HOSP||||4711^REFERRER^DOCTOR", class, bed),
	)
}

// laboratory is an ORU^R01 of n results (HL7 v2.4 ch. 7).
func laboratory(p Patient, control string, n int, at time.Time) string {
	lines := []string{
		msh("LAB|LISLAB", "EHR|HOSP", "ORU^R01", control, "2.4", at),
		p.pid(),
		fmt.Sprintf("OBR|1|%s|%s|58410-2^CBC panel^LN|||%s", p.Accession, control, at.Format("20060102150405")),
	}
	tests := [...]string{"718-7^Hemoglobin^LN", "6690-2^Leukocytes^LN", "777-3^Platelets^LN", "2823-3^Potassium^LN", "2951-2^Sodium^LN"}
	for i := range n {
		lines = append(lines, fmt.Sprintf("OBX|%d|NM|%s||%d.%d|u|||||F", i+1, tests[i%len(tests)], 4+i, i))
	}
	return segments(lines...)
}

// order is an ORM^O01 to the laboratory (HL7 v2.3 ch. 4).
func order(p Patient, control string, at time.Time) string {
	return segments(
		msh("EHR|HOSP", "LAB|LISLAB", "ORM^O01", control, "2.3", at),
		p.pid(),
		"ORC|NW|"+p.Accession+"||"+control,
		"OBR|1|"+p.Accession+"||58410-2^CBC panel^LN",
	)
}

// billing is a message that the record does not take.
func billing(p Patient, control string, at time.Time) string {
	return segments(msh("BILLING|HOSP", "EHR|HOSP", "BAR^P01", control, "2.3", at), p.pid())
}

// infusion is a PCD-01 of an infusion pump (IHE PCD Technical Framework vol. 2): the device names itself by EUI-64 in
// MSH-4, in OBX-18 and in PRT-10.
func infusion(p Patient, mac, control string, rate int, at time.Time) string {
	id, stamp := pumpID(mac), at.Format("20060102150405")
	return segments(
		msh("INFUSER|"+id+"^"+id+"^EUI-64", "EHR|HOSP", "ORU^R01^ORU_R01", control, "2.6", at),
		p.pid(),
		"PV1|1|I|WARD3^12^1^HOSP",
		"OBR|1|"+control+"^INFUSER^"+id+"^EUI-64||69985^MDC_DEV_PUMP_INFUS_MDS^MDC|||"+stamp,
		"PRT|1|UC||EQUIP^Equipment^HL70912||||||"+id+"^^"+id+"^EUI-64",
		fmt.Sprintf("OBX|1|NM|157784^MDC_FLOW_FLUID_PUMP^MDC|1.1.1.101|%d|265266^MDC_DIM_MILLI_L_PER_HR^MDC|||||R|||%s||||%s^^%s^EUI-64",
			rate, stamp, id, id),
		fmt.Sprintf("OBX|2|NM|157992^MDC_VOL_FLUID_DELIV^MDC|1.1.1.102|%d|263762^MDC_DIM_MILLI_L^MDC|||||R|||%s||||%s^^%s^EUI-64",
			rate/2, stamp, id, id),
	)
}

// vitals is what a bedside monitor reports.
func vitals(p Patient, control string, pulse int, at time.Time) string {
	return segments(
		msh("MONITOR|WARD3", "EHR|HOSP", "ORU^R01^ORU_R01", control, "2.6", at),
		p.pid(),
		"PV1|1|I|WARD3^14^1^HOSP",
		"OBR|1|||69965^MDC_DEV_MON_PHYSIO_MULTI_PARAM_MDS^MDC|||"+at.Format("20060102150405"),
		fmt.Sprintf("OBX|1|NM|147842^MDC_ECG_HEART_RATE^MDC|1.7.4.147842|%d|264864^MDC_DIM_BEAT_PER_MIN^MDC|||||R", pulse),
		fmt.Sprintf("OBX|2|NM|150456^MDC_PULS_OXIM_SAT_O2^MDC|1.3.1.150456|%d|262688^MDC_DIM_PERCENT^MDC|||||R", 95+pulse%5),
	)
}
