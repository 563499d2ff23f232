# The build of a driver package without code of its own.
#
# In a netsim directory this is include-netsim-ned-src.mk. In a src directory (there is a package-meta-data.xml.in) it
# gives the targets all, fxs, netsim and clean for the whole package.
#
# Variables of the src form: PACKAGE_NAME (only printed; the name is in package-meta-data.xml.in), DEVICE_TYPE (cli-ned
# when not set; netconf, generic-ned or snmp-ned), YANGPATH (more directories with modules), NCSC_EXTRA_FLAGS, MAP_ORIGINS
# (packages or models that maps of migration/ lead from, besides packages beside this one). DEV_NAME and FXS_BUNDLE are
# accepted and change nothing: all modules of yang/ are compiled as one bundle.

ifeq ($(wildcard package-meta-data.xml.in),)

include $(NCS_DIR)/src/ncs/build/include-netsim-ned-src.mk

else

DEV_NAME     ?= $(PACKAGE_NAME)
PACKAGE_NAME ?= $(DEV_NAME)
DEVICE_TYPE  ?= cli-ned

all: netsim
.PHONY: all

include $(NCS_DIR)/src/ncs/build/include.ncs.mk

NED_SRC    := $(wildcard yang/*.yang)
RECIPES    := $(wildcard recipes/*.recipe)
MAPS       := $(wildcard ../migration/*.map)
NED_ID_ARG := $(shell $(NCS_DIR)/support/ned-ncs-ned-id-arg package-meta-data.xml.in)
YANGPATH   += $(NCS_DIR)/src/ncs/yang

fxs: ../package-meta-data.xml ncsc-out/.done
.PHONY: fxs

../package-meta-data.xml: package-meta-data.xml.in
	mkdir -p ../load-dir
	$(NCS_DIR)/support/ned-make-package-meta-data $<

ncsc-out/.done: $(NED_SRC) $(RECIPES) $(MAPS) | ../package-meta-data.xml
	mkdir -p ../load-dir
	$(NCSC) --ncs-compile-bundle yang --ncs-device-dir ncsc-out --ncs-device-type $(DEVICE_TYPE) \
	    $(YANGPATH:%=--yangpath %) $(RECIPES:%=--recipes %) $(NED_ID_ARG) $(NCSC_EXTRA_FLAGS)
	cp ncsc-out/modules/fxs/*.fxs ../load-dir
	if [ -n "$(MAPS)" ]; then $(NCSC) --check-maps .. $(MAP_ORIGINS:%=--from %) $(YANGPATH:%=--yangpath %); fi
	touch $@

netsim: fxs
	if [ -f ../netsim/Makefile ]; then $(MAKE) -C ../netsim all; fi
.PHONY: netsim

clean:
	rm -rf ncsc-out ../load-dir ../package-meta-data.xml
	if [ -f ../netsim/Makefile ]; then $(MAKE) -C ../netsim clean; fi
.PHONY: clean

endif
