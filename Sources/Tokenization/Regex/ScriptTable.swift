/// The script of each scalar, as in tokenizers' regex engine.
///
/// Written by `Scripts/fixtures/make_unicode_tables.py`.
enum ScriptTable {
    /// The code and the name of each script.
    static let names = """
        adlm adlam aghb caucasianalbanian ahom ahom arab arabic armi imperialaramaic armn armenian avst \
        avestan bali balinese bamu bamum bass bassavah batk batak beng bengali bhks bhaiksuki bopo \
        bopomofo brah brahmi brai braille bugi buginese buhd buhid cakm chakma cans canadianaboriginal \
        cari carian cham cham cher cherokee chrs chorasmian copt coptic cpmn cyprominoan cprt cypriot \
        cyrl cyrillic deva devanagari diak divesakuru dogr dogra dsrt deseret dupl duployan egyp \
        egyptianhieroglyphs elba elbasan elym elymaic ethi ethiopic gara garay geor georgian glag \
        glagolitic gong gunjalagondi gonm masaramgondi goth gothic gran grantha grek greek gujr gujarati \
        gukh gurungkhema guru gurmukhi hang hangul hani han hano hanunoo hatr hatran hebr hebrew hira \
        hiragana hluw anatolianhieroglyphs hmng pahawhhmong hmnp nyiakengpuachuehmong hung oldhungarian \
        ital olditalic java javanese kali kayahli kana katakana kawi kawi khar kharoshthi khmr khmer \
        khoj khojki kits khitansmallscript knda kannada krai kiratrai kthi kaithi lana taitham laoo lao \
        latn latin lepc lepcha limb limbu lina lineara linb linearb lisu lisu lyci lycian lydi lydian \
        mahj mahajani maka makasar mand mandaic mani manichaean marc marchen medf medefaidrin mend \
        mendekikakui merc meroiticcursive mero meroitichieroglyphs mlym malayalam modi modi mong \
        mongolian mroo mro mtei meeteimayek mult multani mymr myanmar nagm nagmundari nand nandinagari \
        narb oldnortharabian nbat nabataean newa newa nkoo nko nshu nushu ogam ogham olck olchiki onao \
        olonal orkh oldturkic orya oriya osge osage osma osmanya ougr olduyghur palm palmyrene pauc \
        paucinhau perm oldpermic phag phagspa phli inscriptionalpahlavi phlp psalterpahlavi phnx \
        phoenician plrd miao prti inscriptionalparthian qaai inherited rjng rejang rohg hanifirohingya \
        runr runic samr samaritan sarb oldsoutharabian saur saurashtra sgnw signwriting shaw shavian \
        shrd sharada sidd siddham sind khudawadi sinh sinhala sogd sogdian sogo oldsogdian sora \
        sorasompeng soyo soyombo sund sundanese sunu sunuwar sylo sylotinagri syrc syriac tagb tagbanwa \
        takr takri tale taile talu newtailue taml tamil tang tangut tavt taiviet telu telugu tfng \
        tifinagh tglg tagalog thaa thaana thai thai tibt tibetan tirh tirhuta tnsa tangsa todr todhri \
        toto toto tutg tulutigalari ugar ugaritic vaii vai vith vithkuqi wara warangciti wcho wancho \
        xpeo oldpersian xsux cuneiform yezi yezidi yiii yi zanb zanabazarsquare zinh inherited zyyy \
        common
        """

    /// The runs in base 36: the gap before a run, its length and its script's number in `names`.
    static let runs = """
        0 1t 4q 0 q 20 0 6 4q 0 q 20 0 1b 4q 0 1 20 0 f 4q 0 1 20 0 5 4q 0 n 20 0 1 4q 0 v 20 0 1 4q 0 \
        ch 20 0 13 4q 0 5 20 0 5 4q 0 2 d 0 k 4q 0 34 3c 0 4 18 0 1 4q 0 3 18 2 4 18 0 1 4q 0 1 18 4 1 \
        18 0 1 4q 0 1 18 0 1 4q 0 3 18 1 1 18 1 k 18 1 1r 18 0 e o 0 g 18 0 3p r 0 2 3c 0 4p r 1 12 5 2 \
        1e 5 2 3 5 1 1j 1g 8 r 1g 4 6 1g b 5 3 0 1 4q 0 6 3 0 1 4q 0 e 3 0 1 4q 0 3 3 0 1 4q 0 w 3 0 1 \
        4q 0 a 3 0 b 3c 0 q 3 0 1 3c 0 30 3 0 1 4q 0 y 3 0 e 3w 1 1o 3w 2 3 3w 0 1c 3 0 1e 47 e 1n 2t 2 \
        3 2t 0 1a 3g 2 f 3g 1 s 2a 2 1 2a 1 b 3w 5 v 3 1 2 3 5 23 3 0 1 4q 0 t 3 0 29 s 0 4 3c 0 f s 0 2 \
        4q 0 q s 0 4 b 1 8 b 2 2 b 2 m b 1 7 b 1 1 b 3 4 b 2 9 b 2 2 b 2 4 b 8 1 b 4 2 b 1 5 b 2 p b 2 3 \
        1b 1 6 1b 4 2 1b 2 m 1b 1 7 1b 1 2 1b 1 2 1b 1 2 1b 2 1 1b 1 5 1b 4 2 1b 2 3 1b 3 1 1b 7 4 1b 1 \
        1 1b 7 h 1b a 3 19 1 9 19 1 3 19 1 m 19 1 7 19 1 2 19 1 5 19 2 a 19 1 3 19 1 3 19 2 1 19 f 4 19 \
        2 c 19 7 7 19 1 3 2z 1 8 2z 2 2 2z 2 m 2z 1 7 2z 1 2 2z 1 5 2z 2 9 2z 2 2 2z 2 3 2z 7 3 2z 4 2 \
        2z 1 5 2z 2 i 2z a 2 41 1 6 41 3 3 41 1 4 41 3 2 41 1 1 41 1 2 41 3 2 41 3 3 41 3 c 41 4 5 41 3 \
        3 41 1 4 41 2 1 41 6 1 41 e l 41 5 d 44 1 3 44 1 n 44 1 g 44 2 9 44 1 3 44 1 4 44 7 2 44 1 3 44 \
        2 1 44 2 4 44 2 a 44 7 9 44 0 d 1v 1 3 1v 1 n 1v 1 a 1v 1 5 1v 2 9 1v 1 3 1v 1 4 1v 7 2 1v 6 2 \
        1v 1 4 1v 2 a 1v 1 3 1v c d 2h 1 3 2h 1 1f 2h 1 3 2h 1 6 2h 4 g 2h 2 q 2h 1 3 3o 1 i 3o 3 o 3o 1 \
        9 3o 1 1 3o 2 7 3o 3 1 3o 4 6 3o 1 1 3o 1 8 3o 6 a 3o 2 3 3o c 1m 48 4 1 4q 0 s 48 11 2 1z 1 1 \
        1z 1 5 1z 1 o 1z 1 1 1z 1 n 1z 2 5 1z 1 1 1z 1 7 1z 1 a 1z 2 4 1z w 20 49 1 10 49 4 13 49 1 10 \
        49 1 f 49 1 7 49 0 4 4q 0 2 49 11 4g 2n 0 12 12 1 1 12 5 1 12 2 17 12 0 1 4q 0 4 12 0 74 1c 0 21 \
        10 1 4 10 2 7 10 1 1 10 1 4 10 2 15 10 1 4 10 2 x 10 1 4 10 2 7 10 1 1 10 1 4 10 2 f 10 1 1l 10 \
        1 4 10 2 1v 10 2 w 10 3 q 10 6 2e m 2 6 m 2 hs j 0 t 2v 3 23 3f 0 3 4q 0 b 3f 7 m 46 9 1 46 0 l \
        1e 0 2 4q 9 k h c d 3x 1 3 3x 1 2 3x c 2m 1s 2 a 1s 6 a 1s 6 2 2j 0 2 4q 0 1 2j 0 1 4q 0 k 2j 6 \
        2h 2j 7 17 2j 5 1y j a v 22 1 c 22 4 c 22 4 1 22 3 c 22 0 u 3z 2 5 3z b 18 40 4 q 40 6 b 40 3 2 \
        40 0 w 1s 0 s g 2 2 g 0 1r 1y 1 t 1y 2 b 1y 6 a 1y 6 e 1y 2 v 3c 1d 25 7 1 1e 7 0 1s 3t 0 1g a 8 \
        4 a 0 1k 21 3 f 21 3 3 21 0 1c 2w 0 b r 5 17 12 2 3 12 0 8 3t 8 3 3c 0 1 4q 0 d 3c 0 1 4q 0 7 3c \
        0 4 4q 0 1 3c 0 6 4q 0 1 3c 0 3 4q 0 2 3c 0 1 4q 5 12 20 0 5 18 0 1 r 0 1d 20 0 5 18 0 4 20 0 5 \
        18 0 d 20 0 1 r 0 1y 20 0 1 18 0 1s 3c 0 74 20 0 m 18 2 6 18 2 12 18 2 6 18 2 8 18 1 1 18 1 1 18 \
        1 1 18 1 v 18 2 1h 18 1 f 18 1 e 18 2 6 18 1 j 18 2 3 18 1 9 18 1 c 4q 0 2 3c 0 2f 4q 1 b 4q 0 1 \
        20 2 b 4q 0 1 20 0 f 4q 1 d 20 3 x 4q f x 3c f 12 4q 0 1 18 0 3 4q 0 2 20 0 6 4q 0 1 20 0 r 4q 0 \
        1 20 0 h 4q 0 15 20 0 3 4q 4 ii 4q m b 4q l ps 4q 0 74 f 0 hg 4q 2 w 4q 1 2x 4q 0 2o 13 0 w 20 0 \
        38 o 5 7 o 0 12 12 1 1 12 5 1 12 2 1k 45 7 2 45 e 1 45 0 n 10 9 7 10 1 7 10 1 7 10 1 7 10 1 7 10 \
        1 7 10 1 7 10 1 7 10 1 w r 0 2m 4q y q 1d 1 2h 1d c 5y 1d q l 4q 0 1 1d 0 1 4q 0 1 1d 0 p 4q 0 9 \
        1d 0 4 3c 0 2 1c 0 8 4q 0 4 1d 0 4 4q 1 2e 1h 2 2 3c 0 2 4q 0 3 1h 0 1 4q 0 2i 1p 0 2 4q 0 3 1p \
        5 17 d 1 2m 1c 1 g 4q 0 w d 0 12 4q 9 1 4q 0 g 1p 0 v 1c 1 1s 4q 0 v 1c 0 29 4q 0 1b 1p 0 1 4q 0 \
        2g 1p 0 4o 4q 0 534 1d 0 1s 4q 0 g74 1d 0 wd 4n 3 1j 4n 9 1c 25 0 8c 4g k 2o r 0 2g 8 8 y 4q 0 \
        2u 20 0 3 4q 0 1v 20 2 2 20 1 1 20 1 8 20 l e 20 0 19 3v 3 a 4q 6 1k 36 8 1y 3i 8 c 3i 6 w s 0 \
        1a 1o 0 1 4q 0 1 1o 0 10 3d b 1 3d 0 t 1c 3 26 1n 1 1 4q 0 a 1n 4 2 1n 0 v 2n 1 1j l 9 e l 2 a l \
        2 4 l 0 w 2n 0 1v 43 o 5 43 0 n 2l a 6 10 2 6 10 2 6 10 9 7 10 1 7 10 1 17 20 0 1 4q 0 9 20 0 1 \
        18 0 4 20 0 2 4q 4 28 m 0 1a 2l 2 a 2l 6 8mc 1c c n 1c 4 1d 1c 6is a6 1d 2 2y 1d 12 7 20 c 5 5 5 \
        q 1g 1 5 1g 1 1 1g 1 2 1g 1 2 1g 1 a 1g 0 37 3 g a3 3 0 2 4q 0 28 3 2 1i 3 7 1 3 w g 3 0 g 3c 0 \
        a 4q 6 e 3c 0 2 r 0 z 4q 1 j 4q 1 4 4q 4 5 3 1 3r 3 2 1 4q 1 w 4q 0 q 20 0 6 4q 0 q 20 0 b 4q 0 \
        a 1p 0 1 4q 0 19 1p 0 2 4q 0 v 1c 3 6 1c 2 6 1c 2 6 1c 2 3 1c 3 7 4q 1 7 4q a 5 4q 2 c 24 1 q 24 \
        1 j 24 1 2 24 1 f 24 2 e 24 y 3f 24 5 3 4q 4 19 4q 3 9 4q 0 27 18 1 d 4q 3 1 18 1b 19 4q 0 1 3c \
        3m t 26 3 1d k f 1 3c 0 r 4q 4 10 1m 9 3 1m 0 r 16 5 17 35 5 u 4f 1 1 4f 0 10 4k 4 e 4k 16 28 v \
        0 1c 3k 0 u 31 2 a 31 6 10 30 4 10 30 4 14 y 8 1g 1 b 1 1 0 b 4h 1 f 4h 1 7 4h 1 2 4h 1 b 4h 1 f \
        4h 1 7 4h 1 2 4h 3 1g 4c c 8n 23 9 m 23 a 8 23 o 6 20 1 16 20 1 9 20 1x 6 q 2 1 q 1 18 q 1 2 q 3 \
        1 q 2 1 q 0 m 4 1 9 4 0 w 33 0 v 2r 8 9 2r 1c j 1f 1 2 1f 5 5 1f 0 s 39 3 1 39 0 q 27 5 1 27 1s \
        w 2g 0 o 2f 4 k 2f 2 1a 2f 0 4 1r 1 2 1r 5 8 1r 1 3 1r 1 t 1r 2 3 1r 4 a 1r 7 9 1r 7 w 3h 0 w 2q \
        w 13 2b 4 c 2b 9 1i 6 3 7 6 0 m 3b 2 8 3b 0 j 37 5 8 37 0 i 38 7 4 38 c 7 38 28 21 2y 1j 1f 1l d \
        1f 1l 7 6 1l 0 14 3e 8 a 3e 6 12 11 3 t 11 8 2 11 5s v 3 1 16 4m 1 3 4m 2 2 4m g 3 3 1j 4 3 0 14 \
        3q 8 16 3p m q 32 12 s n k n z 9 26 e 4 10 e 9 1 e 0 1v 1x a 1 1x 2 p 3r 7 a 3r 6 1h i 1 i i 8 \
        13 28 9 2o 3l 1 k 3o b i 1t 1 1b 1t 1q 7 2m 1 1 2m 1 4 2m 1 f 2m 1 b 2m 6 1n 3n 5 a 3n 6 4 17 1 \
        8 17 2 2 17 2 m 17 1 7 17 1 2 17 1 5 17 1 1 3c 0 9 17 2 2 17 2 3 17 2 1 17 6 1 17 5 7 17 2 7 17 \
        3 5 17 b a 4e 1 1 4e 2 1 4e 1 12 4e 1 a 4e 1 1 4e 2 1 4e 1 4 4e 1 a 4e 1 2 4e 8 2 4e t 2k 2s 1 5 \
        2s u 20 4a 8 a 4a 4m 1i 3m 2 12 3m y 1x 2i b a 2i 6 d 2j j 1m 3y 6 a 3y 6 k 2n s r 2 2 f 2 4 n 2 \
        55 1o u 2s 2b 4i c 1 4i 0 7 t 2 1 t 2 8 t 1 2 t 1 u t 1 2 t 2 c t 9 a t 1y 8 2p 2 1a 2p 2 b 2p r \
        20 4o 8 2b 3s d g j 0 1l 34 7 a s 52 y 3u e a 3u 6 9 c 1 19 c 1 e c a t c 3 w 2c 2 m 2c 1 e 2c \
        21 7 15 1 2 15 1 18 15 3 1 15 1 2 15 1 9 15 8 a 15 6 6 14 1 2 14 1 11 14 1 2 14 1 6 14 7 a 14 8m \
        p 29 7 h 1q 1 15 1q 3 t 1q 2d 1 25 f 1e 41 d 1 41 0 pm 4l 2u 33 4l 1 5 4l b 5g 4l 218 2r p d uu \
        x a 32z x 5 g7 1i 5a1 1m 1a 1c6 ft 8 7 v 2k 1 a 2k 4 2 2k 0 27 4b 1 a 4b 6 u 9 2 6 9 a 1y 1j a a \
        1j 1 7 1j 1 l 1j 5 j 1j c0 1m 1w 5i 2j 2d 2t 23 3a 4 1l 3a 7 h 3a 1s 1 42 0 1 2u 0 2 1d 0 1 1u b \
        2 1d e 4qg 42 8 lc 42 0 d2 1u 15 1 1u 0 9 42 6w7 4 1p 1 7 1p 1 2 1p 1 1 1p 0 7z 1h 0 3 1p f 1 1h \
        t 3 1h 2 1 1p e 4 1p 8 b0 2u 1s4 2z w 5 d w 3 9 w 7 a w 2 4 w 0 4 4q 318 6y 4q 6 c4 4q 24 1a 3c \
        2 n 3c 9 38 4q 1o 6u 4q a 13 4q 2 1q 4q 0 3 3c 0 h 4q 0 8 3c 0 2 4q 0 7 3c 0 u 4q 0 4 3c 0 1p 4q \
        l 1y 18 3e k 4q c k 4q c 2f 4q 9 p 4q 3r 2d 4q 1 1z 4q 1 2 4q 2 1 4q 2 2 4q 2 4 4q 1 c 4q 1 1 4q \
        1 7 4q 1 1t 4q 1 4 4q 2 8 4q 1 7 4q 1 s 4q 1 4 4q 1 5 4q 1 1 4q 3 7 4q 1 9g 4q 2 84 4q 2 1e 4q 0 \
        i4 3j f 5 3j 1 f 3j uo v 20 6 6 20 5x 7 13 1 h 13 2 7 13 1 2 13 1 5 13 5 1q r x 1 r 34 19 1k 3 e \
        1k 2 a 1k 4 2 1k 8w v 4d h 1m 4j 5 1 4j cw 16 2o 5y 17 2x 4 1 2x dc 7 10 1 4 10 1 2 10 1 f 10 1 \
        5h 2e 2 g 2e 15 24 0 4 a 0 4 2 0 lt 1w 4q 24 1p 4q 5e 4 3 1 r 3 1 2 3 1 1 3 2 1 3 1 a 3 1 4 3 1 \
        1 3 1 1 3 6 1 3 4 1 3 1 1 3 1 1 3 1 3 3 1 2 3 1 1 3 2 1 3 1 1 3 1 1 3 1 1 3 1 1 3 1 2 3 1 1 3 2 \
        4 3 1 7 3 1 4 3 1 4 3 1 1 3 1 a 3 1 h 3 5 3 3 1 5 3 1 h 3 1g 2 3 7i 18 4q 4 2s 4q c f 4q 2 f 4q \
        1 f 4q 1 11 4q a 4u 4q 1k q 4q 0 1 1h 0 2 4q d 18 4q 4 9 4q 7 2 4q e 6 4q 4a rc 4q 4 h 4q 3 d 4q \
        3 3b 4q 4 2n 4q 6 c 4q 4 1 4q f c 4q 4 1k 4q 8 a 4q 6 14 4q 8 u 4q 2 c 4q 4 2 4q 1q 9g 4q c e 4q \
        2 d 4q 3 a 4q 5 1k 4q 7 f 4q 2 b 4q 6 9 4q 7 43 4q 1 2u 4q sm wyo 1d w 37e 1d 6 66 1d 2 4g2 1d e \
        5rl 1d f ha 1d 1wi f2 1d 15u 3t7 1d 5 38g 1d f975 1 4q u 2o 4q 3k 6o 3c
        """
}
