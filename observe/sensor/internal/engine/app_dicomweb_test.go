package engine

import (
	"fmt"
	"strings"
	"testing"
)

func TestDICOMweb(t *testing.T) {
	response := func(kind, body string) string {
		return fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s", kind, len(body), body)
	}
	file := strings.Repeat("\x00", 128) + "DICM\x02\x00\x10\x00UI\x14\x001.2.840.10008.1.2.1\x00" +
		"\x08\x00\x60\x00CS\x02\x00CT\x08\x00\x70\x00LO\x04\x00ACME\x10\x00\x10\x00PN\x0a\x00MUELLER^A \x10\x00\x20\x00LO\x06\x00PAT123\x18\x00\x00\x10LO\x02\x00S7"
	body := "--b\r\nContent-Type: application/dicom\r\n\r\n" + file + "\r\n--b--\r\n"
	for _, c := range []struct {
		does string
		say  []string
		want []string
	}{
		{"a search tells what it asks by, and how much it found", []string{
			"GET /rs/studies?PatientID=PAT123&PatientName=MUELLER%5EA&StudyDate=20261122&PatientBirthDate=19600101&AccessionNumber=A*&limit=5 HTTP/1.1\r\nHost: pacs\r\nAccept: application/dicom+json\r\n\r\n",
			response("application/dicom+json", `[{"00100020":{"vr":"LO","Value":["PAT123"]}},{}]`)},
			[]string{`"dicomweb.service":"QIDO-RS","dicomweb.action":"Search","dicomweb.level":"study"`, `"PatientName=n~`, `"StudyDate=20261122","PatientBirthDate=","AccessionNumber=*","limit=5"]`,
				`"patient.uid":"p~`, `"dicomweb.result_count":2`, `"dicomweb.base":"/rs"`}},
		{"a store tells of whom and by what it is", []string{
			fmt.Sprintf("POST /rs/studies HTTP/1.1\r\nHost: pacs\r\nContent-Type: multipart/related; type=\"application/dicom\"; boundary=b\r\nContent-Length: %d\r\n\r\n%s", len(body), body),
			response("application/dicom+json", `{"00081199":{"Value":[{"00081155":{}}]}}`)},
			[]string{`"dicomweb.service":"STOW-RS","dicomweb.action":"Store"`, `"patient.uid":"p~`, `"dicomweb.result_count":1`, `"dicom.modality":"CT"`,
				`"kind":"asset"`, `"device.vendor_name":"ACME","device.serial_number":"S7"`}},
		{"a retrieval counts its parts", []string{
			"GET /rs/studies/1.2.3 HTTP/1.1\r\nHost: pacs\r\n\r\n", response("multipart/related; type=\"application/dicom\"; boundary=b", body)},
			[]string{`"dicomweb.service":"WADO-RS","dicomweb.action":"Retrieve","dicomweb.level":"study","dicom.study_uid":"1.2.3","patient.uid":"p~`, `"dicomweb.result_count":1`}},
	} {
		t.Run(c.does, func(t *testing.T) {
			got := talk(t, Options{}, c.say...)
			for _, want := range c.want {
				if !strings.Contains(got, want) {
					t.Errorf("got no %s in\n%s", want, got)
				}
			}
			for _, hidden := range []string{"PAT123", "MUELLER", "19600101"} {
				if strings.Contains(got, hidden) {
					t.Errorf("%s is told in\n%s", hidden, got)
				}
			}
		})
	}
}
