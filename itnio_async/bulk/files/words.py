"""Words that programs write where a value is missing or wrong; each list says where it comes from.

Compared in upper case, with blanks before the last sign taken out (French writes `#VALEUR !`).
"""

from __future__ import annotations

# ruff: noqa: RUF001 - letters of other scripts are meant

# Excel: [MS-XLSX] 18.18.11 (ST_CellType), [MS-OE376] and the support pages on each error of dynamic arrays and data
# types. LibreOffice, Google Sheets (`#ERROR!`), WPS and OnlyOffice have the same in English.
_ENGLISH = """
    #NULL! #DIV/0! #VALUE! #REF! #NAME? #NUM! #N/A #GETTING_DATA #SPILL! #CALC! #FIELD! #BLOCKED! #CONNECT! #UNKNOWN!
    #BUSY! #EXTERNAL! #PYTHON! #TIMEOUT! #ERROR! #DATA! #CIRCULAR! #MACRO?
"""
# Excel's and LibreOffice's own translations: the error names of their function lists in each language (LibreOffice:
# formula/inc/core_resource.hrc and its translations; Excel: the support pages in the languages).
_TRANSLATED = """
    #NV #WERT! #BEZUG! #ZAHL! #ÜBERLAUF! #KALK! #FELD! #BLOCKIERT! #VERBINDEN! #UNBEKANNT! #AUSGELASTET! #EXTERN!
    #DATEN_ABRUFEN #NULL! #NAME? #FEHLER!
    #VALEUR! #NOM? #NOMBRE! #NUL! #PROPAGATION! #CHAMP! #BLOQUE! #BLOQUÉ! #CONNEXION! #INCONNU! #OCCUPE! #OCCUPÉ!
    #OBTENTION_DONNEES #CALCUL!
    #¡VALOR! #VALOR! #¡REF! #¿NOMBRE? #NOMBRE? #¡NUM! #¡NULO! #NULO! #¡DIV/0! #N/D #¡DESBORDAMIENTO! #DESBORDAMIENTO!
    #¡CAMPO! #CAMPO! #¡BLOQUEADO! #BLOQUEADO! #¡CONECTAR! #CONECTAR! #¡DESCONOCIDO! #DESCONOCIDO! #¡OCUPADO! #OCUPADO!
    #OBTENIENDO_DATOS #¡CALC! #¡ERROR!
    #VALORE! #RIF! #NOME? #NULLO! #ESPANSIONE! #CAMPO! #BLOCCATO! #CONNETTI! #SCONOSCIUTO! #OCCUPATO!
    #DESPEJAR! #DESPEJO!
    #WAARDE! #VERW! #NAAM? #GETAL! #LEEG! #OVERLOPEN! #DEEL/0! #N/B #VELD! #GEBLOKKEERD! #ONBEKEND!
    #ARG! #ADR! #NAZWA? #LICZBA! #ZERO! #ROZLANIE! #DZIEL/0! #POLE! #POŁĄCZ! #NIEZNANE!
    #ЗНАЧ! #ССЫЛКА! #ИМЯ? #ЧИСЛО! #ПУСТО! #ДЕЛ/0! #Н/Д #ПЕРЕНОС! #ПОЛЕ! #ВЫЧИСЛ!
    #ЗНАЧ! #ПОСИЛАННЯ! #ІМ'Я? #ІМʼЯ? #ЧИСЛО! #ПУСТО! #ДІЛ/0!
    #DEĞER! #BAŞV! #AD? #SAYI! #BOŞ! #SAYI/0! #YOK #TAŞMA! #ALAN! #HESAPLA!
    #HODNOTA! #ODKAZ! #NÁZEV? #NÁZOV? #ČÍSLO! #POČET! #DĚLENÍ_NULOU! #DELENIENULOU! #NEDOSTUPNÝ #NEDOSTUPNY #PRESAH!
    #PŘESAH!
    #ÉRTÉK! #HIV! #NÉV? #SZÁM! #NULLA! #ZÉRÓOSZTÓ! #HIÁNYZIK #KIBONTÁS!
    #VÄRDEFEL! #REFERENS! #NAMN? #OGILTIGT! #SKÄRNING! #DIVISION/0! #SAKNAS! #SPILL! #SPILLD!
    #VÆRDI! #REFERENCE! #NAVN? #TAL! #I/T #OVERLØB!
    #VERDI! #REF! #NUM! #OVERFLYT! #OVERFLYT
    #ARVO! #VIITTAUS! #NIMI? #LUKU! #TYHJÄ! #JAKO/0! #PUUTTUU! #PUUTTUU #LEVIÄÄ!
    #ΤΙΜΗ! #ΑΝΑΦ! #ΟΝΟΜΑ? #ΑΡΙΘ! #ΔΙΑΙΡ/0! #Δ/Υ
    #VREDN! #SKLIC! #IME? #ŠTEV!
    #VALOARE! #NUME? #NUL! #REF!
"""
# LibreOffice's and OpenOffice's numbers of errors, in the languages that translate the word before them; from
# sc/inc/globstr.hrc (STR_ERROR_STR, STR_LONG_ERR...) and its translations. Matched with three digits behind them.
NUMBERED = ("ERR", "FEHLER", "ERREUR", "ERRORE", "ERRO", "ERROR", "FOUT", "FEL", "FEJL", "FEIL", "BŁĄD", "ОШ", "HIBA")

ERRORS = frozenset((_ENGLISH + _TRANSLATED).split())

# What programs write for nothing, as they spell it. Python: str() of None, NaN, pandas.NA and NaT, and what
# pandas.read_csv takes for missing (its documentation of `na_values`). R: write.table(na=) and NaN. SQL: NULL, and \N
# of COPY in MySQL and PostgreSQL. JavaScript: String() of undefined and of objects. Go: <nil>. .NET and Java: (null),
# null. Power Query and Tableau: [Null], Null.
_NOTHING = r"""
    None nan NaN -nan -NaN NAN NA N/A n/a <NA> #NA NaT NULL null Null (null) (NULL) [null] [NULL] [Null] <null> <NULL>
    <nil> nil NIL undefined \N inf -inf Inf -Inf Infinity -Infinity 1.#IND -1.#IND 1.#QNAN -1.#QNAN 1.#INF -1.#INF
    <None>
"""

NOTHING = frozenset(_NOTHING.split()) | {"[object Object]"}
