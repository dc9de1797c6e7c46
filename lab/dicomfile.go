package lab

import (
	"encoding/binary"
	"fmt"
	"math"
	"strconv"
)

// SOP classes (PS3.4 annex B.5) that the modalities send.
const (
	ctImage = "1.2.840.10008.5.1.4.1.1.2"
	mrImage = "1.2.840.10008.5.1.4.1.1.4"
	usImage = "1.2.840.10008.5.1.4.1.1.6.1"
	crImage = "1.2.840.10008.5.1.4.1.1.1"

	explicitLittle = "1.2.840.10008.1.2.1"
)

// uidRoot begins the unique identifiers of the lab's objects, in the form of a UUID-derived one (PS3.5 §B.2).
const uidRoot = "2.25.31415926535897932384626433"

// modality is a machine that makes images.
type modality struct {
	host, ae, kind, sopClass        string
	vendor, model, serial, software string
	station, body                   string
	// series, images in each and the length of an image's edge in pixels.
	series, images, edge int
}

// study is the UID of the study that the machine makes of a patient.
func (m *modality) study(p Patient) string {
	return fmt.Sprintf("%s.%s.%s", uidRoot, m.host[2:], p.Accession[8:])
}

// modalities are what the imaging department has. Vendors and models are invented, as the patients are.
var modalities = [...]modality{
	{host: "ct1", ae: "CT_ROOM1", kind: "CT", sopClass: ctImage, vendor: "Helvia Medical", model: "Spira 64",
		serial: "HM-CT-004711", software: "spira.7.2.1", station: "CTROOM1", body: "CHEST", series: 2, images: 6, edge: 64},
	{host: "mr1", ae: "MR_ROOM1", kind: "MR", sopClass: mrImage, vendor: "Nordlys Imaging", model: "Aurora 1.5T",
		serial: "NI-15-2209", software: "syn MR 4.0", station: "MRROOM1", body: "HEAD", series: 3, images: 4, edge: 64},
	{host: "us1", ae: "US_CART1", kind: "US", sopClass: usImage, vendor: "Echoworks", model: "Portia S",
		serial: "EW-88-0042", software: "3.1", station: "USCART1", body: "ABDOMEN", series: 1, images: 3, edge: 96},
	{host: "cr1", ae: "CR_ER", kind: "CR", sopClass: crImage, vendor: "Radiel", model: "Planar 9",
		serial: "RDL-9-1107", software: "9.0.4-b2", station: "CRER", body: "HAND", series: 1, images: 2, edge: 128},
}

// object makes one image of a study as a DICOM file (PS3.10): explicit VR, little endian, 16-bit grey pixels.
func (m *modality) object(p Patient, series, image int) []byte {
	var d dataset
	study := m.study(p)
	instance := fmt.Sprintf("%s.%d.%d", study, series, image)
	d.text(0x00080005, "CS", "ISO_IR 192")
	d.text(0x00080008, "CS", `ORIGINAL\PRIMARY`)
	d.text(0x00080016, "UI", m.sopClass)
	d.text(0x00080018, "UI", instance)
	d.text(0x00080020, "DA", "20260921")
	d.text(0x00080030, "TM", "081500")
	d.text(0x00080050, "SH", p.Accession)
	d.text(0x00080060, "CS", m.kind)
	d.text(0x00080070, "LO", m.vendor)
	d.text(0x00080080, "LO", "Hospital Example")
	d.text(0x00080090, "PN", "REFERRER^DOCTOR")
	d.text(0x00081010, "SH", m.station)
	d.text(0x00081030, "LO", m.body+" study")
	d.text(0x00081090, "LO", m.model)
	d.text(0x00100010, "PN", p.dicomName())
	d.text(0x00100020, "LO", p.MRN)
	d.text(0x00100030, "DA", p.Birth)
	d.text(0x00100040, "CS", p.Sex)
	d.text(0x00180015, "CS", m.body)
	d.text(0x00181000, "LO", m.serial)
	d.text(0x00181020, "LO", m.software)
	d.text(0x0020000d, "UI", study)
	d.text(0x0020000e, "UI", fmt.Sprintf("%s.%d", study, series))
	d.text(0x00200010, "SH", "S"+p.Accession[3:])
	d.text(0x00200011, "IS", strconv.Itoa(series))
	d.text(0x00200013, "IS", strconv.Itoa(image))
	d.short(0x00280002, 1)
	d.text(0x00280004, "CS", "MONOCHROME2")
	d.short(0x00280010, uint16(m.edge))
	d.short(0x00280011, uint16(m.edge))
	d.short(0x00280100, 16)
	d.short(0x00280101, 12)
	d.short(0x00280102, 11)
	d.short(0x00280103, 0)
	d.bytes(0x7fe00010, "OW", phantom(m.edge, series, image))
	return part10(m.sopClass, instance, d)
}

// phantom draws a few ellipses on a ramp, as 12 bits in 16: an image that says nothing and compresses well.
func phantom(edge, series, image int) []byte {
	pixels := make([]byte, 0, 2*edge*edge)
	radius := float64(edge) * (0.2 + 0.03*float64(image))
	for y := range edge {
		for x := range edge {
			dx, dy := float64(x-edge/2), float64(y-edge/2)*1.3
			v := uint16(x * 4)
			if math.Hypot(dx, dy) < radius {
				v = uint16(1200 + 100*series)
			}
			pixels = binary.LittleEndian.AppendUint16(pixels, v&0xfff)
		}
	}
	return pixels
}

// part10 puts the preamble and the file meta information (PS3.10 §7.1) before the data set.
func part10(sopClass, instance string, body dataset) []byte {
	var meta dataset
	meta.bytes(0x00020001, "OB", []byte{0, 1})
	meta.text(0x00020002, "UI", sopClass)
	meta.text(0x00020003, "UI", instance)
	meta.text(0x00020010, "UI", explicitLittle)
	meta.text(0x00020012, "UI", uidRoot+".1")
	var head dataset
	head.element(0x00020000, "UL", binary.LittleEndian.AppendUint32(nil, uint32(len(meta))))
	file := append(make([]byte, 128), "DICM"...)
	return append(append(append(file, head...), meta...), body...)
}

// dataset is a data set in explicit VR little endian (PS3.5 §7.1.2). Add elements in the order of their tags.
type dataset []byte

func (d *dataset) text(tag uint32, vr, v string) {
	if len(v)%2 == 1 {
		if vr == "UI" {
			v += "\x00"
		} else {
			v += " "
		}
	}
	d.element(tag, vr, []byte(v))
}

func (d *dataset) short(tag uint32, v uint16) {
	d.element(tag, "US", binary.LittleEndian.AppendUint16(nil, v))
}

func (d *dataset) element(tag uint32, vr string, v []byte) {
	d.tag(tag, vr)
	*d = append(binary.LittleEndian.AppendUint16(*d, uint16(len(v))), v...)
}

// bytes adds an element of a VR with a 32-bit length.
func (d *dataset) bytes(tag uint32, vr string, v []byte) {
	d.tag(tag, vr)
	*d = append(*d, 0, 0)
	*d = append(binary.LittleEndian.AppendUint32(*d, uint32(len(v))), v...)
}

func (d *dataset) tag(tag uint32, vr string) {
	*d = binary.LittleEndian.AppendUint16(*d, uint16(tag>>16))
	*d = binary.LittleEndian.AppendUint16(*d, uint16(tag))
	*d = append(*d, vr...)
}
