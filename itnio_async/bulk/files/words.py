"""Words that programs write where a value is missing or wrong; each list says where it comes from.

Compared in upper case, with blanks before the last sign taken out (French writes `#VALEUR !`).
"""

from __future__ import annotations

# ruff: noqa: RUF001 - letters of other scripts are meant

# Excel: [MS-OI29500] 2.1.755, ErrorCellValueType of the Office JavaScript API and the libraries named below. Others:
# LibreOffice's #ADDIN? and #MACRO? (sc/inc/globstr.hrc), OnlyOffice's #UNSUPPORTED_FUNCTION! (formula-lang of its
# web-apps), HyperFormula's #ERROR! (Google Sheets too) and #CYCLE!.
_ENGLISH = """
    #NULL! #DIV/0! #VALUE! #REF! #NAME? #NUM! #N/A #GETTING_DATA #SPILL! #CALC! #FIELD! #BLOCKED! #CONNECT! #UNKNOWN!
    #BUSY! #EXTERNAL! #PYTHON! #TIMEOUT! #ERROR! #ADDIN? #MACRO? #UNSUPPORTED_FUNCTION! #CYCLE!
"""
# German, French, Spanish, Italian, Portuguese, Dutch, Polish, Russian, Ukrainian, Turkish, Czech and Slovak, Hungarian,
# Swedish, Danish, Norwegian, Finnish, Greek, Slovenian, Croatian, Bulgarian, Romanian, East Asian and Thai. Excel's
# words as PhpSpreadsheet, EPPlus, HyperFormula, OnlyOffice and formulon list them; LibreOffice's from its translations
# (formula and sc messages.po). Some are in no such list, only in public files that mention them: #KALK!, #FEHLER!,
# #¡ERROR!, #NULLO!, #ПОЛЕ!, #ПОЛУЧЕНИЕ_ДАННЫХ and, in French and Spanish, most after the word for #SPILL!.
_TRANSLATED = """
    #WERT! #BEZUG! #ZAHL! #NV #DATEN_ABRUFEN #ÜBERLAUF! #KALK! #PLUG-IN? #MAKRO? #FEHLER!
    #VALEUR! #NOM? #NOMBRE! #NUL! #N/D #PROPAGATION! #EPARS! #CALCUL! #CHAMP! #CONNEXION! #BLOQUE! #INCONNU! #OCCUPÉ!
    #OBTENTION_DONNEES #CHARGEMENT_DONNEES
    #¡VALOR! #VALOR! #¡REF! #¿NOMBRE? #NOMBRE? #¡NUM! #¡NULO! #NULO! #¡DIV/0! #¡DESBORDAMIENTO! #DESBORDAMIENTO!
    #¡CALC! #¡CAMPO! #CAMPO! #¡BLOQUEADO! #BLOQUEADO! #¡CONECTAR! #CONECTAR! #¡DESCONOCIDO! #DESCONOCIDO! #¡OCUPADO!
    #OBTENIENDO_DATOS #¿COMPL? #¿MACRO? #¡ERROR!
    #VALORE! #RIF! #NOME? #NULLO! #ESPANSIONE! #ESTRAZIONE_DATI_IN_CORSO
    #NÚM! #N/DISP #DESPEJAR! #TRANSPOSIÇÃO! #OBTENDO_DADOS
    #WAARDE! #VERW! #NAAM? #GETAL! #LEEG! #DEEL/0! #DELING.DOOR.0! #N/B #OVERLOPEN! #OVERLOOP! #BEREKENEN!
    #GEGEVENS.OPHALEN
    #ARG! #ADR! #NAZWA? #LICZBA! #ZERO! #DZIEL/0! #N/D! #ROZLANIE! #CYKL! #BŁĄD! #DODATEK?
    #ЗНАЧ! #ССЫЛКА! #ССЫЛ! #ИМЯ? #ЧИСЛО! #ПУСТО! #ДЕЛ/0! #Н/Д #ПЕРЕНОС! #ВЫЧИСЛ! #ПОЛЕ! #ОЖИДАНИЕ_ДАННЫХ
    #ПОЛУЧЕНИЕ_ДАННЫХ #МАКРОС?
    #ЗНАЧЕННЯ! #ПОСИЛ! #НАЗВА?
    #DEĞER! #BAŞV! #AD? #SAYI! #BOŞ! #SAYI/0! #YOK #TAŞMA!
    #HODNOTA! #ODKAZ! #NÁZEV? #NÁZOV? #ČÍSLO! #DĚLENÍ_NULOU! #DELENIENULOU! #NENÍ_K_DISPOZICI #NEDOSTUPNÝ #NEPLATNÝ!
    #PRESAH!
    #ÉRTÉK! #HIV! #NÉV? #SZÁM! #NULLA! #ZÉRÓOSZTÓ! #HIÁNYZIK #KIBONTÁS! #BŐVÍTŐMODUL? #MAKRÓ?
    #VÄRDEFEL! #VÄRDE! #REFERENS! #NAMN? #OGILTIGT! #SKÄRNING! #DIVISION/0! #SAKNAS! #SAKNAS
    #VÆRDI! #REFERENCE! #NAVN? #NUMMER! #I/T #OVERLØB!
    #VERDI! #IT #OVERFLYT!
    #ARVO! #VIITTAUS! #NIMI? #LUKU! #TYHJÄ! #JAKO/0! #PUUTTUU! #LEVITTYMINEN!
    #ΤΙΜΗ! #ΑΝΑΦ! #ΟΝΟΜΑ? #ΑΡΙΘ! #ΔΙΑΙΡ/0! #ΔΙΑΙΡ./0! #Δ/Υ #ΚΕΝΟ!
    #VREDN! #SKLIC! #IME? #ŠTEV! #DEL/0! #N/V #NIČ!
    #VRIJEDNOST! #BROJ! #DIJ/0! #NAZIV?
    #СТОЙНОСТ! #РЕФ! #ИМЕ? #ПРАЗНО!
    #VALOARE! #NUME?
    #スピル! #溢出! #분산! #สปิลล์!
"""
# LibreOffice's word before the number of an error: STR_ERROR_STR of sc/inc/globstr.hrc and its translations into
# German, French, Spanish, Italian, Portuguese, Dutch, Swedish, Danish, Norwegian, Polish, Russian, Ukrainian and
# Hungarian. Matched with a colon and three digits behind them.
NUMBERED = ("ERR", "FEHLER", "ERRO", "FOUT", "FEL", "FEJL", "FEIL", "BŁĄD", "ОШИБКА", "ПОМИЛКА", "HIBA")

ERRORS = frozenset((_ENGLISH + _TRANSLATED).split())

# What pandas.read_csv takes for missing (STR_NA_VALUES; "#N/A" is above, "#N/A N/A" below), then what languages and
# databases write for nothing and for no number; those were not looked up in a source.
_NOTHING = r"""
    None nan NaN -nan -NaN NA N/A n/a <NA> #NA NULL null 1.#IND -1.#IND 1.#QNAN -1.#QNAN
    NAN NaT Null (null) (NULL) [null] [NULL] [Null] <null> <NULL> <nil> nil NIL undefined \N <None>
    inf -inf Inf -Inf Infinity -Infinity 1.#INF -1.#INF
"""

NOTHING = frozenset(_NOTHING.split()) | {"[object Object]", "#N/A N/A"}
