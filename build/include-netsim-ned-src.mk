# Targets for the Makefile of a package's netsim directory: all, install, clean.
#
# all      compiles every module of ../src/yang; X-ann.yang, if it is there, annotates X
# install  copies what a simulated device needs into $(DEST_DIR); called once for each device with DEST_DIR, NAME,
#          COUNTER and TWO_DIGIT_COUNTER in the environment
# clean    removes what all made
#
# A Makefile may set, before it includes this: FLAGS (for the compiler), YANG_DIR, XML (initial data, in which %NAME%
# and the counters are replaced), EXTRA_FILES (copied as they are).

include $(NCS_DIR)/src/ncs/build/include.netsim.mk

YANG_DIR    ?= ../src/yang
XML         ?= $(wildcard *.xml)
EXTRA_FILES ?= $(wildcard confd.conf.netsim *.ccl start.sh)

NETSIM_YANG        := $(wildcard $(YANG_DIR)/*.yang)
NETSIM_SUBMODULES  := $(if $(NETSIM_YANG),$(shell grep -lE '^[[:space:]]*submodule[[:space:]]' $(NETSIM_YANG)))
NETSIM_ANNOTATIONS := $(wildcard $(YANG_DIR)/*-ann.yang)
NETSIM_MODULES     := $(filter-out $(NETSIM_SUBMODULES) $(NETSIM_ANNOTATIONS),$(NETSIM_YANG))
NETSIM_FXS         := $(NETSIM_MODULES:$(YANG_DIR)/%.yang=%.fxs)

all: $(NETSIM_FXS)

%.fxs: $(YANG_DIR)/%.yang $(NETSIM_SUBMODULES)
	$(CONFDC) --yangpath $(YANG_DIR) $(FLAGS) \
	    $(if $(wildcard $(YANG_DIR)/$*-ann.yang),-a $(YANG_DIR)/$*-ann.yang) -c -o $@ $<

install:
	@test -n "$(DEST_DIR)" || { echo "DEST_DIR is not set: ncs-netsim calls this target" >&2; exit 1; }
	@test -d "$(DEST_DIR)" || { echo "$(DEST_DIR): no such directory" >&2; exit 1; }
	mkdir -p "$(DEST_DIR)/cdb" "$(DEST_DIR)/logs"
	for file in $(XML) $(wildcard $(CONFD_DIR)/var/confd/cdb/aaa_init.xml); do \
	    sed -e 's/%NAME%/$(NAME)/g' -e 's/%COUNTER%/$(COUNTER)/g' \
	        -e 's/%TWO_DIGIT_COUNTER%/$(TWO_DIGIT_COUNTER)/g' \
	        "$$file" > "$(DEST_DIR)/cdb/`basename $$file`" || exit 1; \
	done
	for file in $(NETSIM_FXS) $(EXTRA_FILES); do cp -f "$$file" "$(DEST_DIR)" || exit 1; done

clean:
	rm -f $(NETSIM_FXS)

.PHONY: all install clean
